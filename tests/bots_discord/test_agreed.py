"""Nothing is said into a call whose encryption is not agreed yet, while somebody would listen."""

from types import SimpleNamespace
from typing import Any

import davey
import pytest

from bots.discord.voice import HouseConnection, HouseVoice, VoiceLine
from tests.discord_service.mls import ExternalSender

BOT, PERSON, CHANNEL = 1, 2, 3


class Place:
    """A voice channel of a guild: who is in it, and the bot's connection to it."""

    def __init__(self, *people: int) -> None:
        self.voice_states = dict.fromkeys(people)
        self.guild = self
        self.connection = HouseConnection(SimpleNamespace())  # type: ignore[arg-type]
        self.voice_client = HouseVoice.__new__(HouseVoice)
        self.voice_client.channel = self  # type: ignore[assignment]
        self.voice_client._connection = self.connection

    def get_member(self, _user_id: int) -> None:
        return None


@pytest.fixture
def make_place() -> Any:
    made: list[Place] = []

    def make(*people: int) -> Place:
        made.append(Place(*people))
        return made[-1]

    yield make
    for place in made:
        place.connection._socket_reader.stop()
        place.connection._socket_reader.join(timeout=60)


async def line_in(place: Place) -> VoiceLine:
    return VoiceLine(5, find_guild=lambda _guild_id: place, put_out=lambda: None)  # type: ignore[arg-type, return-value]


def welcome(session: davey.DaveSession) -> None:
    """Have the person, who was there first, take the bot into the group."""
    sender = ExternalSender()
    session.set_external_sender(sender.package())
    person = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, PERSON, CHANNEL)
    person.set_external_sender(sender.package())
    proposal = sender.add(session.get_serialized_key_package(), group=CHANNEL, epoch=0)
    made = person.process_proposals(davey.ProposalsOperationType.append, proposal)
    assert made is not None
    person.process_commit(made.commit)
    assert made.welcome is not None
    session.process_welcome(made.welcome)


async def test_packets_wait_until_the_group_has_taken_the_bot_in(make_place: Any) -> None:
    place = make_place(PERSON)
    line = await line_in(place)
    place.connection.dave_protocol_version = davey.DAVE_PROTOCOL_VERSION
    session = place.connection.dave_session = davey.DaveSession(davey.DAVE_PROTOCOL_VERSION, BOT, CHANNEL)

    assert line._mouthpiece() is None
    welcome(session)

    assert line._mouthpiece() is place.voice_client


async def test_a_call_without_encryption_is_spoken_into_at_once(make_place: Any) -> None:
    place = make_place(PERSON)

    assert (await line_in(place))._mouthpiece() is place.voice_client


async def test_where_nobody_listens_nothing_is_waited_for(make_place: Any) -> None:
    place = make_place(PERSON)
    line = await line_in(place)
    line.wanted = CHANNEL
    place.connection.dave_protocol_version = davey.DAVE_PROTOCOL_VERSION

    line.look(0.0)
    assert line._mouthpiece() is None
    place.voice_states.clear()
    line.look(1.0)

    # Nobody is there to make a group with; what has been said is over when somebody comes.
    assert line._mouthpiece() is place.voice_client
