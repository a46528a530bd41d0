"""A queue that takes in tasks but hands none out, until it is resumed. The row decides; Redis holds a copy."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Pause(models.Model):
    queue = models.CharField(_("queue"), max_length=32, primary_key=True)
    paused_at = models.DateTimeField(_("paused"))
    paused_by = models.CharField(_("by"), max_length=150, blank=True, help_text=_("a user name; empty: a command"))

    class Meta:
        verbose_name = _("paused queue")
        verbose_name_plural = _("paused queues")

    def __str__(self) -> str:
        return self.queue
