"""The form that adds a recording to a session: the sentence, its language, the file, and whether to analyse it at once.

The file is judged by jobs/practice/recordings.py alone, as for the API. Called by practice.py.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.utils.translation import gettext as _

from jobs.engines.errors import EngineUnavailable
from jobs.live import practice_words
from jobs.practice import recordings
from jobs.practice.models import Language, PracticeRecord, PracticeSession
from jobs.practice.models.record import SENTENCE_CHARACTERS
from jobs.runtime.errors import InvalidInput
from jobs.runtime.storage import StorageUnreachable


@dataclass
class RecordForm:
    sentence: str = ""
    language: str = str(Language.JAPANESE)
    is_analysed: bool = True
    file: "UploadedFile[bytes] | None" = None
    errors: dict[str, str] = field(default_factory=dict)
    longest: int = SENTENCE_CHARACTERS

    @classmethod
    def like(cls, session: PracticeSession, record_id: UUID | None) -> "RecordForm":
        """Return the form with a record's sentence, else with the last one's: most are said more than once."""
        records = session.records.order_by("-id")
        model = (records.filter(pk=record_id).first() if record_id else None) or records.first()
        return cls() if model is None else cls(model.sentence, model.language)

    @classmethod
    def sent(cls, request: HttpRequest) -> "RecordForm":
        # A line break of the text field is a blank in the sentence.
        sentence = " ".join(request.POST.get("sentence", "").split())
        form = cls(sentence, request.POST.get("language", ""), "analyse" in request.POST)
        files = request.FILES.getlist(recordings.FIELD)
        form.file = files[0] if len(files) == 1 else None
        if not sentence:
            form.errors["sentence"] = _("Please fill this in.")
        elif len(sentence) > SENTENCE_CHARACTERS:
            form.errors["sentence"] = _("This is too long.")
        elif "\x00" in sentence:
            form.errors["sentence"] = _("There is a character in it that cannot be stored.")
        if form.language not in Language.values:
            form.errors["language"] = _("Please choose one of the list.")
        if form.file is None:
            form.errors[recordings.FIELD] = str(practice_words.REFUSED["missing"])
        return form

    def store(self, session: PracticeSession) -> PracticeRecord | None:
        """Return the new record; None, with `errors` filled, when it was not taken."""
        if self.errors or self.file is None:
            return None
        try:
            return recordings.take_in(session, self.file.chunks(), sentence=self.sentence, language=self.language)
        except InvalidInput as error:
            self.errors[recordings.FIELD] = practice_words.refused(error.errors[0])
        except (EngineUnavailable, StorageUnreachable):
            self.errors[recordings.FIELD] = str(practice_words.REFUSED["not_stored"])
        return None

    @property
    def languages(self) -> list[tuple[str, str, bool]]:
        return [(value, str(label), value == self.language) for value, label in Language.choices]
