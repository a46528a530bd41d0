"""One recording of one sentence, and how far its analysis is.

    recorded -> ai_queued -> ai_processing -> ai_analyzed
    ai_queued | ai_processing -> recorded         the analysis failed or was cancelled
    ai_processing -> ai_queued                    the task is tried again
    ai_analyzed -> ai_queued                      it is analysed once more

Every arrow is one conditional UPDATE (status.py). The recording is encrypted (recordings.py), and goes before the
record does: after RECORDINGS_DAYS `recording` is empty, and the scores stay.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jobs.practice.models.session import PracticeSession
from jobs.runtime.identity import new_task_id
from jobs.runtime.models import Task

SENTENCE_CHARACTERS = 1_000


class RecordStatus(models.TextChoices):
    RECORDED = "recorded", _("recorded")
    AI_QUEUED = "ai_queued", _("waiting for its analysis")
    AI_PROCESSING = "ai_processing", _("being analysed")
    AI_ANALYZED = "ai_analyzed", _("analysed")


IN_ANALYSIS = (RecordStatus.AI_QUEUED, RecordStatus.AI_PROCESSING)
ANALYSABLE = (RecordStatus.RECORDED, RecordStatus.AI_ANALYZED)


class Language(models.TextChoices):
    JAPANESE = "ja", _("Japanese")
    ENGLISH = "en", _("English")
    MANDARIN = "zh-TW", _("Mandarin (Taiwan)")


class PracticeRecord(models.Model):
    id = models.UUIDField(primary_key=True, default=new_task_id, editable=False)
    session = models.ForeignKey(
        PracticeSession, on_delete=models.CASCADE, related_name="records", verbose_name=_("practice session")
    )
    sentence = models.CharField(_("sentence"), max_length=SENTENCE_CHARACTERS)
    language = models.CharField(_("language"), max_length=8, choices=Language.choices)
    status = models.CharField(_("status"), max_length=16, choices=RecordStatus.choices, default=RecordStatus.RECORDED)
    # Of the latest analysis; the task goes after a week, the result stays.
    task = models.ForeignKey(
        Task, null=True, blank=True, on_delete=models.SET_NULL, related_name="+", verbose_name=_("task")
    )

    recording = models.FileField(max_length=250, blank=True, help_text=_("encrypted; empty once it was erased"))
    key_id = models.CharField(max_length=16, blank=True, help_text=_("of the key it is encrypted with"))
    bytes = models.PositiveBigIntegerField(help_text=_("before it was encrypted"))
    content_type = models.CharField(max_length=100, help_text=_("by its content, whatever the sender said"))
    seconds = models.FloatField(_("seconds"), help_text=_("length of the recording"))
    sha256 = models.CharField(max_length=64, help_text=_("before it was encrypted"))
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("practice record")
        verbose_name_plural = _("practice records")
        ordering = ["-pk"]
        permissions = [("play_recording", "Can listen to people's recordings")]
        indexes = [
            # A session's records, in order.
            models.Index(fields=["session", "-id"], name="practice_record_session"),
            # retention.py erases recordings by age; those that are gone stay out of it.
            models.Index(fields=["created_at"], name="practice_recording_age", condition=~Q(recording="")),
            # `reencrypt_recordings` looks for older keys.
            models.Index(fields=["key_id", "id"], name="practice_recording_key", condition=~Q(recording="")),
            # retention.py looks for records whose task ended without a word.
            models.Index(
                fields=["id"], name="practice_in_analysis", condition=Q(status__in=["ai_queued", "ai_processing"])
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RecordStatus.values), name="practice_status_known"),
            models.CheckConstraint(condition=Q(language__in=Language.values), name="practice_language_known"),
            models.CheckConstraint(condition=Q(recording="") | ~Q(key_id=""), name="practice_recording_has_a_key"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def etag(self) -> str:
        # The sound never changes under its record, whatever key it is encrypted with.
        return f'"recording-{self.pk.hex}"'
