"""Who a chat user is to the house: one account, made at first contact (accounts.py)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Platform(models.TextChoices):
    DISCORD = "discord", "Discord"
    TELEGRAM = "telegram", "Telegram"
    # Users of another system that signs its own tokens; `external_id` is their `sub`.
    JWT = "jwt", "JWT"


class ChatAccount(models.Model):
    platform = models.CharField(_("platform"), max_length=16, choices=Platform.choices)
    external_id = models.CharField(_("id there"), max_length=255)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="chat_accounts", verbose_name=_("user")
    )
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("chat account")
        verbose_name_plural = _("chat accounts")
        constraints = [
            models.UniqueConstraint(fields=["platform", "external_id"], name="one_account_per_chat_user"),
            models.CheckConstraint(condition=models.Q(platform__in=Platform.values), name="chat_platform_known"),
        ]

    def __str__(self) -> str:
        return f"{self.platform}:{self.external_id}"
