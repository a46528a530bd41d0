"""Where an owner wants webhooks to go, and the secrets that sign them.

A secret must be read again to sign, so it is stored sealed (sealed.py) and not as a digest.
After a rotation the old one signs beside the new one for a while.
"""

from datetime import datetime
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Signing(models.Model):
    sealed = models.TextField()
    previous_sealed = models.TextField(blank=True)
    previous_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    def sealed_secrets(self, *, now: datetime) -> list[str]:
        """Return what signs now, the newest first, sealed."""
        if self.previous_until is not None and now < self.previous_until:
            return [self.sealed, self.previous_sealed]
        return [self.sealed]


class OwnerSecret(Signing):
    """What signs an owner's webhooks that go to no endpoint of theirs: `callback_url`."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, primary_key=True, on_delete=models.CASCADE, related_name="webhook_secret"
    )
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("signing secret")
        verbose_name_plural = _("signing secrets")

    def __str__(self) -> str:
        return f"secret of {self.owner_id}"


class Endpoint(Signing):
    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="endpoints", verbose_name=_("owner")
    )
    url = models.CharField(_("address"), max_length=2000)
    name = models.CharField(_("name"), max_length=80, blank=True, help_text=_("what it is used for"))
    every_task = models.BooleanField(_("every task"), default=True, help_text=_("told of the end of each task"))
    created_at = models.DateTimeField(_("created"))
    disabled_at = models.DateTimeField(_("disabled"), null=True, blank=True)
    disabled_because = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name = _("endpoint")
        verbose_name_plural = _("endpoints")
        ordering = ["-created_at"]
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="endpoint_owner"),
            # wishes.py asks at each task's end.
            models.Index(
                fields=["owner"], name="endpoint_every_task", condition=Q(every_task=True, disabled_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.url[:60]} #{self.pk}"
