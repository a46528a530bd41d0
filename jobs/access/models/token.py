"""A key to the API. The secret is shown once, when it is made; the row holds only its digest."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

# "When was it last used" needs no better answer, and a write per request would cost one.
USED_EVERY = timedelta(minutes=1)


class ApiToken(models.Model):
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_tokens", verbose_name=_("user")
    )
    name = models.CharField(_("name"), max_length=80, help_text=_("what it is used for"))
    # Part of the secret, not secret itself: it finds the row and tells tokens apart in a list.
    prefix = models.CharField(_("prefix"), max_length=16, unique=True)
    digest = models.CharField(max_length=64, help_text="SHA-256 of the whole secret, hexadecimal")
    scopes = models.JSONField(_("scopes"), default=list)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, help_text=_("to the minute"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)

    class Meta:
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")
        ordering = ["-created_at", "-pk"]
        indexes = [
            # /account/: a user's own tokens, newest first.
            models.Index(fields=["user", "-created_at"], name="token_user"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(expires_at__gt=models.F("created_at")), name="token_ends_after_start"),
        ]

    def __str__(self) -> str:
        return f"koe_{self.prefix}_..."

    def is_valid(self, *, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at

    # State changes

    def note_use(self, *, now: datetime) -> bool:
        """Return True when the use was written down: at most once a minute, by whoever comes first."""
        if self.last_used_at is not None and now - self.last_used_at < USED_EVERY:
            return False
        stale = Q(last_used_at__isnull=True) | Q(last_used_at__lte=now - USED_EVERY)
        return ApiToken.objects.filter(stale, pk=self.pk).update(last_used_at=now) == 1

    def revoke(self, *, now: datetime) -> bool:
        """Return True when this call ended the token, False when it was revoked before."""
        return ApiToken.objects.filter(pk=self.pk, revoked_at__isnull=True).update(revoked_at=now) == 1
