"""The dashboard's tile of this room: how many deliveries wait, and how many did not arrive. Registered by apps.py."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _

from jobs.delivery.models import Delivery, State
from jobs.runtime.admin import figures
from jobs.runtime.admin import tiles as dashboard
from jobs.runtime.admin.tiles import Tile

# More are not counted; the list says the same.
MAX_COUNTED = 5_000
# A receiver that is down for longer than its first retries is worth a look.
LATE = timedelta(minutes=5)


def register() -> None:
    dashboard.register("delivery", read, permission="delivery.view_delivery")


def read(now: datetime) -> Iterable[Tile]:
    waiting, dead = _count(State.WAITING), _count(State.DEAD)
    first = Delivery.objects.filter(state=State.WAITING).order_by("id").values_list("created_at", flat=True).first()
    is_late = first is not None and now - first > LATE
    age = figures.NOTHING if first is None else figures.seconds((now - first).total_seconds())
    url = reverse("admin:delivery_delivery_changelist")
    oldest, late = _("oldest waits %(time)s") % {"time": age}, _("late") if is_late else ""
    yield Tile(_("Deliveries that wait"), waiting, oldest, f"{url}?state={State.WAITING}", late)
    broken = _("look at them") if dead != "0" else ""
    yield Tile(_("Dead deliveries"), dead, "", f"{url}?state={State.DEAD}", broken, is_bad=True)


def _count(state: State) -> str:
    # The order is that of the index, which is read no further.
    count = Delivery.objects.filter(state=state).order_by("-id").values("pk")[: MAX_COUNTED + 1].count()
    return f"{MAX_COUNTED}+" if count > MAX_COUNTED else str(count)
