"""The mixin of every admin whose rows belong to a guild: staff of some guilds see and change the rows of those."""

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.http import HttpRequest

from bots.guilds.models import Guild
from bots.guilds.staff import guilds_of, looks_after

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    AnyAdmin = ModelAdmin[Any]
else:
    AnyAdmin = object


class OfGuildsAdmin(AnyAdmin):
    """Before another admin. guild_field: where a row names its guild."""

    guild_field = "guild_id"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        mine = guilds_of(request.user)
        return rows if mine is None else rows.filter(**{f"{self.guild_field}__in": mine})

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return super().has_view_permission(request, obj) and self._is_mine(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return super().has_change_permission(request, obj) and self._is_mine(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        return super().has_delete_permission(request, obj) and self._is_mine(request, obj)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        mine = guilds_of(request.user)
        if db_field.name == "guild" and mine is not None:
            kwargs["queryset"] = Guild.objects.filter(pk__in=mine)
        field = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.name == "guild" and mine is not None and field is not None:
            # A row of no guild would be everybody's.
            field.required = True
        return field

    def _is_mine(self, request: HttpRequest, obj: Any | None) -> bool:
        return obj is None or looks_after(request.user, getattr(obj, self.guild_field))
