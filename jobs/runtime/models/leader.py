"""Who does a duty that one process of the whole house does at a time, and until when it is theirs."""

from datetime import datetime, timedelta

from django.db import models

# A leader that died is replaced after this. Less, and a slow commit would look like a death;
# two leaders are harmless, only wasteful.
LEADER_SECONDS = 4.0
# A lease that ends later than this was written before the clock was set back, and means nothing: the
# clocks of two processes are some milliseconds apart, never a lease.
BELIEVED_SECONDS = 2 * LEADER_SECONDS


class Leader(models.Model):
    duty = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=120, help_text="host:pid namespace:pid:start")
    held_until = models.DateTimeField()

    class Meta:
        default_permissions = ()  # for nobody to edit

    def __str__(self) -> str:
        return f"{self.duty}: {self.holder}"

    @classmethod
    def take(cls, duty: str, *, holder: str, now: datetime) -> bool:
        """Return True when `holder` has the duty now: as before, or because nobody else has it any more."""
        until = now + timedelta(seconds=LEADER_SECONDS)
        row = cls.objects.filter(pk=duty).first()
        if row is None:
            # Of several that see no row, the database lets one insert it.
            Leader.objects.bulk_create([Leader(duty=duty, holder=holder, held_until=until)], ignore_conflicts=True)
            return cls.objects.filter(pk=duty, holder=holder).exists()
        believed = row.held_until <= now + timedelta(seconds=BELIEVED_SECONDS)
        if row.holder != holder and believed and row.held_until > now:
            return False
        if row.holder == holder and believed and row.held_until > now + timedelta(seconds=LEADER_SECONDS / 2):
            return True  # a write every two seconds is enough
        taken = cls.objects.filter(pk=duty, holder=row.holder, held_until=row.held_until).update(
            holder=holder, held_until=until
        )
        return taken == 1
