"""How a guild wants a word to be read."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from bots.guilds.models.guild import Guild

MAX_WRITTEN_CHARACTERS = 50
# A reading is said in place of the word: longer ones would be a speech of their own.
MAX_READING_CHARACTERS = 100


class DictionaryEntry(models.Model):
    guild = models.ForeignKey(Guild, on_delete=models.CASCADE, related_name="dictionary", verbose_name=_("guild"))
    written = models.CharField(_("word"), max_length=MAX_WRITTEN_CHARACTERS)
    # As the dictionary compares words (dictionary.fold): "Ｗｅｂ" and "web" are one entry.
    # Its own index is for the admin, which looks for a word in all guilds.
    folded = models.CharField(max_length=4 * MAX_WRITTEN_CHARACTERS, editable=False, db_index=True)
    reading = models.CharField(
        _("reading"), max_length=MAX_READING_CHARACTERS, blank=True, help_text=_("empty: the word is not read")
    )
    added_by = models.CharField(_("added by"), max_length=64, blank=True, help_text=_("platform:id, or a staff name"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("dictionary entry")
        verbose_name_plural = _("dictionary entries")
        constraints = [
            models.UniqueConstraint(fields=["guild", "folded"], name="one_reading_per_word"),
            models.CheckConstraint(condition=~models.Q(folded=""), name="dictionary_word_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.written} -> {self.reading} ({self.guild_id})"
