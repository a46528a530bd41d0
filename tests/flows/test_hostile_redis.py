"""A whole house whose Redis somebody else writes into."""

import os
import pickle

import redis

from core import home
from tests.flows.house import Stack, eventually

ENTRIES = 200


class Bomb:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, canary):
        self.canary = canary

    def __reduce__(self):
        return os.system, (f"touch {self.canary}",)


def test_hostile_entries_run_nothing_and_hold_nothing_up(stack: Stack, tmp_path):
    canary = tmp_path / "canary"
    bomb = pickle.dumps(Bomb(canary))
    workers = {process.pid for process in stack.workers()}
    with redis.Redis(unix_socket_path=str(home.valkey_socket(stack.home))) as stranger:
        for queue in ("interactive", "bulk"):
            entries = {bomb + str(number).encode(): -number for number in range(ENTRIES // 2)}
            stranger.zadd(f"koebako:ready:{queue}", entries)
        stranger.set("koebako:delayed", bomb)
        stranger.hset(b"koebako:held:\xff", bomb, bomb)
        stranger.publish("koebako:control", bomb)

        tasks = [stack.invoke("toy_echo", word="bulk"), stack.invoke("speech", text="こんにちは。")]

        assert [stack.finished(task_id)["status"] for task_id in tasks] == ["success", "success"]
        eventually(lambda: int(stranger.get("koebako:aside_total") or 0) >= ENTRIES, what="all of them were counted")
        eventually(lambda: stranger.type("koebako:delayed") != b"string", what="the spoiled key was moved aside")
    assert {process.pid for process in stack.workers()} == workers
    assert not canary.exists()
