"""A Discord's second half: looking, listening, and making faults, over the control door. See client.py."""

import http.client
import json
import time
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

from tests.discord_service import hearing
from tests.discord_service.hearing import Clip, Heard
from tests.discord_service.recording import Frame
from tests.discord_service.things import Answer, Channel, Guild, Json, Message, User
from tests.flows.house import eventually

MESSAGE_CONTENT = 1 << 15
CALL_SECONDS = 60.0


class Refused(Exception):
    """The stand-in could not do it, as nobody could with Discord; or the bot did not answer in time."""


def id_of(of: Any) -> Any:
    return of.id if hasattr(of, "id") else of


class OverseerCalls:
    def __init__(self, url: str, *, token: str, certificate: str) -> None:
        self.url = url
        self.token = token
        self.certificate = certificate
        self._frames: dict[int, list[Frame]] = {}  # by guild: those that were fetched
        self._forgotten: dict[int, int] = {}
        self.bot = User(self.state()["bot"], "koebako")

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Ask the control door. Raises Refused."""
        body = json.dumps({key: id_of(value) for key, value in arguments.items()})
        # A connection for each call: threads of a test may wait for answers at the same time.
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=CALL_SECONDS)) as connection:
            connection.request("POST", f"/control/{name}", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        if response.status == 422:
            raise Refused(json.loads(answer)["error"])
        assert response.status == 200, f"{name}: {response.status} {answer[:500]!r}"
        return json.loads(answer)

    # Looking

    def messages(self, channel: Channel) -> list[Message]:
        """Return what stands in a channel now, oldest first; ephemeral answers are not in it."""
        return [Message.read(form) for form in self.call("messages", channel=channel)]

    def answers(self, answer: Answer) -> list[Message]:
        """Return an answer's messages as they stand now: edited since, follow-ups added."""
        return [Message.read(form) for form in self.call("answers", token=answer.token)]

    def state(self) -> Json:
        """
        Return how things stand now.

        connected, identified, resumed: gateway connections, IDENTIFYs, RESUMEs; voice_asked: op 4s; bot_in: channel by
        guild (as text); suppressed, deaf, voice_connected: guilds; voice_identified, voice_resumed: in voice.
        """
        return self.call("state")

    def commands(self, guild: Guild | None = None) -> list[Json]:
        """Return what is registered, everywhere or in one guild, as the bot sent it."""
        return self.call("commands", guild=guild)

    def calls(self, method: str = "", path: str = "") -> list[Json]:
        """Return the REST requests so far whose method and path have these in them: method, path, status, at."""
        return [one for one in self.call("calls") if method in one["method"] and path in one["path"]]

    def wait_connected(self, seconds: float = 60.0) -> None:
        """Wait until the bot stands at the gateway."""
        eventually(lambda: self.state()["connected"], what="the bot has come to the gateway", seconds=seconds)

    def wait_in_voice(self, guild: Guild, seconds: float = 60.0) -> int:
        """Wait until the bot's voice connection of a guild stands; return its channel's id."""
        what = f"the bot is in voice in {guild.name}"
        eventually(lambda: guild.id in self.state()["voice_connected"], what=what, seconds=seconds)
        return int(self.state()["bot_in"][str(guild.id)])

    # Listening

    def heard(self, guild: Guild, *, since: float = 0.0) -> Heard:
        """Return all frames that came into a guild's voice channel, since a time.monotonic()."""
        known = self._frames.setdefault(guild.id, [])
        told = self.call("frames", guild=guild, since=len(known))
        if told["forgotten"] != self._forgotten.get(guild.id, 0):
            self._forgotten[guild.id] = told["forgotten"]
            known.clear()
            told = self.call("frames", guild=guild, since=0)
        known += hearing.read_frames(told["rows"])
        return Heard([frame for frame in known if frame.arrived_at >= since])

    def clips(self, guild: Guild, *, since: float = 0.0) -> list[Clip]:
        """Return the runs of frames that are no silence, in order."""
        return self.heard(guild, since=since).clips()

    def wait_clips(self, guild: Guild, count: int, *, since: float = 0.0, seconds: float = 60.0) -> list[Clip]:
        """Wait for `count` clips that are over, and return all."""

        def enough() -> list[Clip]:
            heard = self.heard(guild, since=since)
            clips = heard.clips()
            is_over = clips and (
                heard.frames[-1].is_silence or time.monotonic() - clips[-1].ended_at > hearing.PAUSE_SECONDS
            )
            over = clips if is_over else clips[:-1]
            return over if len(over) >= count else []

        return eventually(enough, what=f"{count} clips were heard in {guild.name}", seconds=seconds)

    def voice_counts(self, guild: Guild) -> Json:
        """Return packets, lost, disordered, late, longest_gap_ms (from headers) and bad (not to be decrypted)."""
        return self.call("voice_counts", guild=guild)

    def dave(self, guild: Guild) -> Json:
        """Return how the end-to-end encrypted group stands: is_heard, commits (by the bot), invalid, epoch."""
        return self.call("dave", guild=guild)

    def speaking(self, guild: Guild) -> list[tuple[float, int]]:
        """Return the speaking flags the bot sent, with their times."""
        return [(at, flag) for at, flag in self.call("speaking", guild=guild)]

    def forget_heard(self, guild: Guild | None = None) -> None:
        """Drop what was heard so far."""
        self.call("forget_frames", guild=guild)

    # Faults

    def move_bot(self, channel: Channel) -> None:
        """An administrator drags the bot into another voice channel."""
        self.call("move_bot", channel=channel)

    def kick_bot(self, guild: Guild) -> None:
        """An administrator disconnects the bot from voice: state without a channel, then 4014."""
        self.call("kick_bot", guild=guild)

    def close_voice(self, guild: Guild, code: int) -> None:
        """Close the voice websocket: 4006, 4009 (session gone), 4014, 4015 (may be resumed), 1001 ..."""
        self.call("close_voice", guild=guild, code=code)

    def change_voice_server(self, guild: Guild) -> None:
        """Give the bot another voice server in the middle of a session, as when Discord changes the region."""
        self.call("change_voice_server", guild=guild)

    def murmur(self, guild: Guild) -> None:
        """
        Send the bot one UDP packet, as of somebody in the channel.

        discord.py 2.7.1 may sit in a 30 s select() on its old socket when the voice websocket closes and nothing has
        come in since it joined; a packet after the join rules that out. A deaf bot at Discord gets none.
        """
        self.call("murmur", guild=guild)

    def cut_gateway(self) -> int:
        """Abort the gateway's connections; their sessions can be resumed. Return how many there were."""
        return self.call("cut_gateway")

    def invalidate_session(self, *, resumable: bool = False) -> int:
        return self.call("invalidate_session", resumable=resumable)

    def ask_to_reconnect(self) -> int:
        """Send RECONNECT (op 7), as before one of Discord's deployments."""
        return self.call("ask_to_reconnect")

    def limit(self, method: str, path: str, *, retry_after: float = 0.2, times: int = 1) -> None:
        """Answer the next requests of `method` whose path has `path` in it with 429."""
        self.call("limit", method=method, path=path, retry_after=retry_after, times=times)

    def forbid_message_content(self, *, forbidden: bool = True) -> None:
        """As if the privileged intent were off in the developer portal: IDENTIFY with it is closed with 4014."""
        self.call("allow_intents", bits_allowed=~MESSAGE_CONTENT if forbidden else -1)

    def require_dave(self, *, required: bool = True) -> None:
        """Close voice with 4017 for whoever does not speak DAVE."""
        self.call("require_dave", required=required)
