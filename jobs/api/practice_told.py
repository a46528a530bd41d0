"""What the practice routes say of a session, a record and its scores.

Called by practice.py and analysis_told.py.
"""

from typing import Any, cast

from django.http import HttpRequest

from jobs.access import links
from jobs.api.practice_shapes import LanguageWord, RecordDetail, Scores, SessionLine
from jobs.api.sight import caller_of
from jobs.practice import links as recording_links
from jobs.practice import sight
from jobs.practice.models import AnalysisResult, PracticeRecord, PracticeSession, RecordStatus
from jobs.practice.models.analysis import SCORES


def session_line(session: PracticeSession) -> SessionLine:
    counted: Any = session
    return SessionLine(
        practice_session_id=session.pk,
        title=session.title,
        created_at=session.created_at,
        record_count=counted.record_count,
        analyzed_count=counted.analyzed_count,
    )


def record_detail(record: PracticeRecord, request: HttpRequest) -> RecordDetail:
    """Return a record as its owner sees it, who asks."""
    latest = sight.latest(record)
    user = caller_of(request).user
    return RecordDetail(
        practice_record_id=record.pk,
        practice_session_id=record.session_id,
        record_status=RecordStatus(record.status),
        sentence=record.sentence,
        language=cast("LanguageWord", record.language),
        content_type=record.content_type,
        bytes=record.bytes,
        seconds=record.seconds,
        sha256=record.sha256,
        created_at=record.created_at,
        recording_url=recording_links.recording_url(record, user, links.base_of(request)),
        task_id=record.task_id,
        latest_result=scores(latest) if latest else None,
    )


def scores(result: AnalysisResult) -> Scores:
    return Scores(
        result_id=result.pk,
        completed_at=result.completed_at,
        **{name: float(getattr(result, name)) for name in SCORES},
    )
