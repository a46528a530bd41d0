"""The admin of who may: people, groups, API tokens, chat accounts. The audit book is in book_admin.py.

A token's secret is made on the account page or by `create_token`, never here; here it is
only ended. People are locked out (`active`), not deleted: their tasks and the audit book
name them, and `manage.py forget` erases what is personal. Who is no superuser can neither
make one nor touch one or other staff, nor hand out permissions: that would be every permission at once.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jobs.access import book_admin, tokens
from jobs.access.audit import record
from jobs.access.models import Action, ApiToken, ChatAccount
from jobs.runtime import clock
from jobs.runtime.admin import figures
from jobs.runtime.admin.base import HouseAdmin, ReadOnlyAdmin

if TYPE_CHECKING:
    # unfold has no types, and Django's admin takes its model as a type only for the checker.
    DjangoUsers = DjangoUserAdmin[User]
else:
    from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

    DjangoUsers = DjangoUserAdmin

__all__ = ["book_admin"]

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
        # The password of other staff would be theirs, and with it all that those may.
        is_theirs = obj is None or obj.pk == request.user.pk or not (obj.is_staff or obj.is_superuser)
        if not is_theirs and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    # What is written down

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        obj.stood = _standing(User.objects.get(pk=obj.pk)) if change else {}  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        action = Action.PERSON_CHANGED if change else Action.PERSON_MADE
        details = _changes(form.instance.stood, _standing(User.objects.get(pk=form.instance.pk)))
        others = sorted(set(form.changed_data) - {*POWERS, "is_active", "password", "password1", "password2"})
        record(action, actor=_actor(request), about=form.instance, **details, fields=others)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        users = User.objects.filter(pk=id).values_list("password", flat=True) if id.isdecimal() else None
        before = users.first() if users is not None else None
        answer: HttpResponse = super().user_change_password(request, id, form_url)
        if users is not None and before is not None and users.all().first() != before:
            record(Action.PASSWORD_CHANGED, actor=_actor(request), about=User(pk=int(id)))
        return answer


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

    # What is written down

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        obj.stood = {"permissions": _codes(obj)} if change else {}  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        action = Action.GROUP_CHANGED if change else Action.GROUP_MADE
        group = Group.objects.get(pk=form.instance.pk)
        details = _changes(form.instance.stood, {"permissions": _codes(group)})
        record(action, actor=_actor(request), about=group, **details)

    def delete_model(self, request: HttpRequest, obj: Group) -> None:
        with transaction.atomic():
            record(Action.GROUP_DELETED, actor=_actor(request), about=obj, before={"permissions": _codes(obj)})
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Group]) -> None:
        for group in queryset:
            self.delete_model(request, group)


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    comes_here = _("Tokens that people have made on their own page, or staff with the command create_token.")
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
        ended = [tokens.revoke(token, actor=_actor(request)) for token in queryset]
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
    comes_here = _(
        "People of Discord, Telegram and of systems whose tokens are taken here, once they have used the house."
    )
    list_display = ("external_id", "platform", "user", "created")
    list_filter = ("platform",)
    filters = ("platform__exact",)
    list_select_related = ("user",)
    search_fields = ("external_id__exact", "user__username__istartswith")
    search_help_text = _("Id on the platform, or beginning of the user's name")

    @admin.display(description=_("created"))
    def created(self, account: ChatAccount) -> str:
        return figures.when(account.created_at, clock.now())


def _actor(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _standing(user: User) -> dict[str, Any]:
    """Return what makes a person more or less than others, in words of the house."""
    return {
        "is_active": user.is_active,
        "is_staff": user.is_staff,
        "is_superuser": user.is_superuser,
        "groups": sorted(user.groups.values_list("name", flat=True)),
        "permissions": _codes(user),
    }


def _codes(holder: User | Group) -> list[str]:
    held = holder.user_permissions if isinstance(holder, User) else holder.permissions
    return sorted(f"{app}.{code}" for app, code in held.values_list("content_type__app_label", "codename"))


def _changes(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what differs, before and after; of somebody new what they are."""
    names = [name for name, value in after.items() if before.get(name) != value]
    told = {"after": {name: after[name] for name in names}}
    return {"before": {name: before[name] for name in names}, **told} if before else told
