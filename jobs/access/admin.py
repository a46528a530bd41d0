"""The admin of who may: people, groups, API tokens, chat accounts, and the book of who did what.

A token's secret is made on the account page or by `create_token`, never here; here it is
only ended. People are locked out (`active`), not deleted: their tasks and the audit book
name them, and `manage.py forget` erases what is personal. Who is no superuser can neither
make one nor touch one, nor hand out permissions: that would be every permission at once.
"""

from typing import TYPE_CHECKING

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs.access import tokens
from jobs.access.models import ApiToken, AuditEntry, ChatAccount
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import HouseAdmin, ReadOnlyAdmin

if TYPE_CHECKING:
    # unfold has no types, and Django's admin takes its model as a type only for the checker.
    DjangoUsers = DjangoUserAdmin[User]
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

    DjangoUsers = DjangoUserAdmin

admin.site.unregister([User, Group])

# What makes a person more than they are; for superusers to give.
POWERS = ("is_staff", "is_superuser", "groups", "user_permissions")


@admin.register(User)
class PersonAdmin(DjangoUsers, HouseAdmin):
    if not TYPE_CHECKING:
        form = UserChangeForm
        add_form = UserCreationForm
        change_password_form = AdminPasswordChangeForm
    list_display = ("username", "is_active", "is_staff", "is_superuser", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser")
    filters = ("is_active__exact", "is_staff__exact", "is_superuser__exact")
    search_fields = ("username__istartswith",)
    search_help_text = _("Beginning of the name")
    # Two lists side by side are wider than the page.
    filter_horizontal = ()
    readonly_fields = ("last_login", "date_joined")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        own = (*self.readonly_fields,)
        return own if request.user.is_superuser else (*own, *POWERS)

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False  # its password would be theirs
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, HouseAdmin):
    search_fields = ("name",)
    filter_horizontal = ()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return bool(request.user.is_superuser)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    # Not the digest: it proves a secret that somebody guessed.
    fields = ("shown_prefix", "name", "user", "scope_words", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_display = ("shown_prefix", "name", "user", "state", "scope_words", "created", "expires", "last_used")
    list_select_related = ("user",)
    search_fields = ("prefix__istartswith", "user__username__istartswith")
    search_help_text = _("Beginning of the prefix or of the owner's name")
    actions = ("revoke",)

    @admin.display(description=_("token"))
    def shown_prefix(self, token: ApiToken) -> str:
        return str(token)

    @admin.display(description=_("status"))
    def state(self, token: ApiToken) -> str:
        if token.revoked_at is not None:
            return format_html('<span class="pill pill-cancelled">{}</span>', _("revoked"))
        if not token.is_valid(now=clock.now()):
            return format_html('<span class="pill pill-cancelled">{}</span>', _("expired"))
        return format_html('<span class="pill pill-success">{}</span>', _("valid"))

    @admin.display(description=_("scopes"))
    def scope_words(self, token: ApiToken) -> str:
        return ", ".join(token.scopes)

    @admin.display(description=_("created"))
    def created(self, token: ApiToken) -> str:
        return figures.when(token.created_at, clock.now())

    @admin.display(description=_("expires"))
    def expires(self, token: ApiToken) -> str:
        return figures.when(token.expires_at, clock.now())

    @admin.display(description=_("last used"))
    def last_used(self, token: ApiToken) -> str:
        return figures.when(token.last_used_at, clock.now())

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request) and request.user.has_perm("access.change_apitoken")

    @admin.action(description=_("Revoke"), permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        actor = request.user if isinstance(request.user, User) else None
        ended = [tokens.revoke(token, actor=actor) for token in queryset]
        if count := sum(ended):
            words = ngettext("%(count)d token was revoked.", "%(count)d tokens were revoked.", count)
            messages.success(request, words % {"count": count})
        if count := len(ended) - sum(ended):
            words = ngettext(
                "%(count)d token had been revoked before.", "%(count)d tokens had been revoked before.", count
            )
            messages.warning(request, words % {"count": count})


@admin.register(ChatAccount)
class ChatAccountAdmin(ReadOnlyAdmin):
    list_display = ("external_id", "platform", "user", "created")
    list_filter = ("platform",)
    filters = ("platform__exact",)
    list_select_related = ("user",)
    search_fields = ("external_id__exact", "user__username__istartswith")
    search_help_text = _("Id on the platform, or beginning of the user's name")

    @admin.display(description=_("created"))
    def created(self, account: ChatAccount) -> str:
        return figures.when(account.created_at, clock.now())


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ("action", "actor", "object_type", "object_link", "when", "detail_words")
    list_filter = ("action",)
    filters = ("action__exact", "object_id")
    list_select_related = ("actor",)
    search_fields = ("object_id__exact", "actor__username__istartswith")
    search_help_text = _("Id of what it was done to, or beginning of who did it")

    @admin.display(description=_("id"))
    def object_link(self, entry: AuditEntry) -> str:
        if entry.object_type not in ("task", "schedule"):
            return entry.object_id
        url = reverse(f"admin:jobs_{entry.object_type}_change", args=[entry.object_id])
        return format_html('<a class="code" href="{}">{}</a>', url, entry.object_id)

    @admin.display(description=_("when"))
    def when(self, entry: AuditEntry) -> str:
        return figures.when(entry.created_at, clock.now())

    @admin.display(description=_("details"))
    def detail_words(self, entry: AuditEntry) -> str:
        said = {
            name: " ".join(map(str, value)) if isinstance(value, list) else value
            for name, value in entry.details.items()
        }
        return ", ".join(f"{name}: {value}" for name, value in said.items())
