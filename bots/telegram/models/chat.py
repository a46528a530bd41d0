"""How a chat, and a person in any chat, wants to be answered. Without a row: the defaults."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Language
from jobs.access.models import ChatAccount


class Chat(models.Model):
    chat_id = models.BigIntegerField(_("chat"), primary_key=True)
    # Of a group: Telegram hands all messages only to bots whose privacy mode is off.
    answers_all = models.BooleanField(
        _("answers everything"), default=False, help_text=_("in a group; else only what is addressed to the bot")
    )
    blocked_at = models.DateTimeField(_("blocked"), null=True, blank=True, help_text=_("the bot may not write there"))

    class Meta:
        verbose_name = _("Telegram chat")
        verbose_name_plural = _("Telegram chats")

    def __str__(self) -> str:
        return f"telegram chat {self.chat_id}"


class Preference(models.Model):
    account = models.OneToOneField(
        ChatAccount, on_delete=models.CASCADE, related_name="telegram", verbose_name=_("chat account")
    )
    language = models.CharField(
        _("language"), max_length=2, choices=Language.choices, blank=True, help_text=_("empty: as Telegram says")
    )
    speaks_back = models.BooleanField(
        _("speaks back"), default=False, help_text=_("reads aloud again what was said in a voice note")
    )

    class Meta:
        verbose_name = _("wish of a Telegram user")
        verbose_name_plural = _("wishes of Telegram users")

    def __str__(self) -> str:
        return f"wishes of {self.account_id}"
