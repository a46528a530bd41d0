"""Whose practice a person sees: their own. Foreign and unknown ids cannot be told apart.

Called by the API and the pages, so that all of them say 404 to the same ones. Staff look in the admin, which writes it
into the audit book.
"""

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Count, Prefetch, Q, QuerySet

from jobs.practice.models import AnalysisResult, PracticeRecord, PracticeSession, RecordStatus


def sessions_of(user: AbstractBaseUser) -> QuerySet[PracticeSession]:
    """Return a person's sessions, each with `record_count` and `analyzed_count`, the newest first."""
    analyzed = Count("records", filter=Q(records__status=RecordStatus.AI_ANALYZED))
    mine = PracticeSession.objects.filter(owner_id=user.pk).order_by("-id")
    return mine.annotate(record_count=Count("records"), analyzed_count=analyzed)


def records_of(user: AbstractBaseUser) -> QuerySet[PracticeRecord]:
    """Return a person's records with their sessions, the newest first; `latest()` costs no query for each."""
    # What the scores were made from has a quarter of a megabyte each; it is read when it is asked for.
    newest = AnalysisResult.objects.defer("detailed_analysis", "sentence_analyses").order_by("-completed_at", "-pk")
    mine = PracticeRecord.objects.filter(session__owner_id=user.pk).order_by("-id")
    return mine.select_related("session").prefetch_related(Prefetch("results", newest, to_attr="newest_first"))


def latest(record: PracticeRecord) -> AnalysisResult | None:
    """Return the newest result of a record, None when it has none."""
    known: list[AnalysisResult] | None = getattr(record, "newest_first", None)
    if known is None:
        return record.results.order_by("-completed_at", "-pk").first()
    return known[0] if known else None
