"""Send all dead deliveries again that match the filter: asked before, done by a worker, each written down."""

import re
from typing import Any

import pytest
import redis
from django.contrib.auth.models import User

from jobs.access.models import Action, AuditEntry
from jobs.delivery import matching
from jobs.delivery.models import Delivery, State
from jobs.functions import send_again
from jobs.runtime import clock
from jobs.runtime.models import Status, Task
from tests.runtime.admin_site import client_of, person
from tests.runtime.conftest import LocalWorker

LIST, ALL = "/admin/delivery/delivery/", "/admin/delivery/delivery/all/again/"


@pytest.fixture
def worker(transactional_db: None, valkey: redis.Redis, monkeypatch: pytest.MonkeyPatch) -> LocalWorker:
    monkeypatch.setattr(send_again, "PIECE", 2)
    return LocalWorker("here:0:1:1")


def make(owner: User, key: str, **values: Any) -> Delivery:
    now = clock.now()
    defaults = {"kind": "webhook", "target": {}, "payload": {"x": 1}, "receiver": "webhook:a.test"}
    ended = {"state": State.DEAD, "next_at": now, "created_at": now, "ended_at": now}
    return Delivery.objects.create(key=key, owner=owner, **{**defaults, **ended, **values})


def hidden_fields(content: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(first|last|count|token)" value="([^"]+)">', content))


def test_all_dead_ones_that_match_are_sent_again(worker: LocalWorker, staff: User, owner: User) -> None:
    wanted = [make(owner, str(number)) for number in range(5)]
    other, sent = make(owner, "b", receiver="webhook:b.test"), make(owner, "s", state=State.SENT)
    client, address = client_of(staff), f"{ALL}?q=webhook:a"
    assert f'href="{ALL}?q=webhook%3Aa"' in client.get(f"{LIST}?q=webhook:a").content.decode()
    page = client.get(address).content.decode()
    newcomer = make(owner, "n")

    client.post(address, hidden_fields(page))
    worker.work()

    assert "5 deliveries" in page
    assert '<span class="numbers">1</span>' in page
    act = Task.objects.get(function=matching.FUNCTION)
    assert (act.status, act.result.output) == (Status.SUCCESS, {"done": 5})
    assert set(Delivery.objects.filter(state=State.WAITING)) == set(wanted)
    assert set(Delivery.objects.filter(state=State.DEAD)) == {other, newcomer}
    sent.refresh_from_db()
    assert sent.state == State.SENT
    told = AuditEntry.objects.filter(action=Action.DELIVERY_SENT_AGAIN, actor=staff)
    assert {entry.object_id for entry in told} == {str(row.pk) for row in wanted}


def test_only_who_may_sends_all_again(worker: LocalWorker, owner: User) -> None:
    row = make(owner, "1")
    viewer = client_of(person("viewer", "delivery.view_delivery", is_staff=True))
    blind = client_of(person("blind", "delivery.send_again", is_staff=True))
    fields = {"first": row.pk, "last": row.pk, "token": row.pk, "count": "1"}

    for client in (viewer, blind, client_of(None)):
        assert client.get(ALL).status_code in (302, 403)
        assert client.post(ALL, fields).status_code in (302, 403)
    assert ALL not in viewer.get(LIST).content.decode()
    assert not Task.objects.exists()
