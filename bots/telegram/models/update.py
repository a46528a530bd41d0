"""What Telegram told, as it told it, until it is dealt with.

Asking for the next updates confirms the ones before, so a row is written first and everything
else done after. The payload holds people's words and goes with the work; the id stays for a
day, as long as Telegram may send an update again.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Update(models.Model):
    update_id = models.BigIntegerField(_("update"), primary_key=True)
    payload = models.JSONField(default=dict)
    received_at = models.DateTimeField(_("received"))
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    # Times the bot began on it: one that kills the bot is left alone at last.
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("update")
        verbose_name_plural = _("updates")
        indexes = [
            # The bot looks for what is not dealt with, in Telegram's order.
            models.Index(fields=["update_id"], name="telegram_update_open", condition=models.Q(done_at=None)),
            # The clean-up, oldest first.
            models.Index(fields=["done_at"], name="telegram_update_done", condition=~models.Q(done_at=None)),
        ]

    def __str__(self) -> str:
        return f"update {self.update_id}"
