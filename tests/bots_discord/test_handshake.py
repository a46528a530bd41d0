"""A join is waited for step by step, however closely the steps come upon each other."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from discord.voice_state import ConnectionFlowState as Flow

from bots.discord.voice import HouseConnection

# More turns of the event loop than a wait needs to begin anew after the first step.
TURNS = 8


@pytest.fixture
def client() -> Any:
    return SimpleNamespace()


@pytest.fixture
async def connection(client: Any) -> Any:
    made = HouseConnection(client)
    yield made
    made._socket_reader.stop()
    made._socket_reader.join(timeout=60)


async def pass_turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


@pytest.mark.parametrize("between", range(TURNS))
async def test_the_second_answer_is_seen_whenever_it_comes(connection: HouseConnection, between: int) -> None:
    waiting = asyncio.create_task(connection._wait_for_state(Flow.got_both_voice_updates))
    await pass_turns(TURNS)

    connection.state = Flow.got_voice_state_update
    await pass_turns(between)
    assert not waiting.done()
    connection.state = Flow.got_both_voice_updates
    await pass_turns(TURNS)

    assert waiting.done()
    assert waiting.exception() is None


async def test_a_step_that_does_not_come_is_not_waited_for_longer_than_asked(connection: HouseConnection) -> None:
    with pytest.raises(TimeoutError):
        await connection._wait_for_state(Flow.connected, timeout=0.01)
