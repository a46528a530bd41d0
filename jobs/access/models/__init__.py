"""The rows of the access room: an ApiToken, a ChatAccount, an AuditEntry."""

from jobs.access.models.audit import Action, AuditEntry
from jobs.access.models.chat import ChatAccount, Platform
from jobs.access.models.token import ApiToken

__all__ = ["Action", "ApiToken", "AuditEntry", "ChatAccount", "Platform"]
