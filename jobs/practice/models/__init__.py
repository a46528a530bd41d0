"""The rows of this room: a PracticeSession, its PracticeRecords, and what each was given: AnalysisResults."""

from jobs.practice.models.analysis import AnalysisResult
from jobs.practice.models.record import ANALYSABLE, IN_ANALYSIS, Language, PracticeRecord, RecordStatus
from jobs.practice.models.session import PracticeSession

__all__ = [
    "ANALYSABLE",
    "IN_ANALYSIS",
    "AnalysisResult",
    "Language",
    "PracticeRecord",
    "PracticeSession",
    "RecordStatus",
]
