"""What a test holds in its hands: the people and faults of the stand-in, as plain calls.

Blocking, and usable from any process that knows the URL. Users and groups are ids with names on them.
"""

import base64
import http.client
import json
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tests.flows.house import eventually
from tests.telegram_service.world import Json

CALL_SECONDS = 60.0


class Refused(Exception):
    """The stand-in could not do it, as nobody could with Telegram."""


@dataclass(frozen=True)
class User:
    id: int
    name: str


@dataclass(frozen=True)
class Group:
    id: int
    name: str


Place = User | Group  # a private chat has its user's id


@dataclass(frozen=True)
class Sent:
    """sent_at: time.monotonic(), the same clock in every process."""

    id: int
    chat: int
    update: int
    sent_at: float


@dataclass(frozen=True)
class Message:
    """kind: text, voice, audio, document or video_note; edits: (moment, text); buttons: (words, data)."""

    id: int
    chat: int
    sender: int
    text: str
    reply_to: int | None
    kind: str
    file: str | None
    seconds: int | None
    buttons: list[tuple[str, str]]
    edits: list[tuple[float, str]]
    sent_at: float

    @property
    def moments(self) -> list[float]:
        """When it was sent and each time it was edited."""
        return [self.sent_at, *(at for at, _text in self.edits)]


class Telegram:
    def __init__(self, url: str, *, token: str) -> None:
        self.url, self.token = url, token

    def environment(self) -> dict[str, str]:
        """Return what the bot's process needs to come here instead of to Telegram."""
        return {
            "TELEGRAM_TOKEN": self.token,
            "TELEGRAM_API_BASE": f"{self.url}/bot",
            "TELEGRAM_FILE_BASE": f"{self.url}/file/bot",
        }

    def call(self, name: str, /, **arguments: Any) -> Any:
        """Ask the control door. Raises Refused."""
        body = json.dumps({key: getattr(value, "id", value) for key, value in arguments.items()})
        with closing(http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=CALL_SECONDS)) as connection:
            connection.request("POST", f"/control/{name}", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = response.read()
        if response.status == 422:
            raise Refused(json.loads(answer)["error"])
        assert response.status == 200, f"{name}: {response.status} {answer[:500]!r}"
        return json.loads(answer)

    # People

    def add_user(self, name: str, *, language_code: str | None = "ja", username: str = "") -> User:
        return User(self.call("add_user", name=name, language_code=language_code, username=username), name)

    def add_group(self, name: str, *members: User, administrators: tuple[User, ...] = ()) -> Group:
        ids = [user.id for user in (*members, *administrators)]
        made = self.call("add_group", name=name, members=ids, administrators=[user.id for user in administrators])
        return Group(made, name)

    def say(self, user: User, text: str, *, to: Place | None = None, replies_to: Sent | Message | None = None) -> Sent:
        """Write into a chat, or, without one, to the bot."""
        return Sent(**self.call("say", user=user, chat=to or user, text=text, reply_to=replies_to))

    def send_voice(self, user: User, data: bytes, *, seconds: float = 3, **given: Any) -> Sent:
        return self.send_file(user, "voice", data, "voice.ogg", "audio/ogg", seconds=seconds, **given)

    def send_file(
        self,
        user: User,
        kind: str,
        data: bytes,
        name: str,
        content_type: str,
        *,
        seconds: float = 3,
        to: Place | None = None,
        replies_to: Sent | Message | None = None,
        caption: str = "",
    ) -> Sent:
        """kind: voice, audio, video_note, document."""
        sent = self.call(
            "send_file", user=user, chat=to or user, kind=kind, data=base64.b64encode(data).decode(), name=name,
            content_type=content_type, seconds=round(seconds), reply_to=replies_to, caption=caption,
        )  # fmt: skip
        return Sent(**sent)

    def edit(self, user: User, message: Sent, text: str) -> None:
        self.call("edit", user=user, chat=message.chat, message=message.id, text=text)

    def delete(self, message: Sent | Message) -> None:
        self.call("delete", chat=message.chat, message=message.id)

    def press(self, user: User, message: Message, data: str) -> str:
        """Press the button whose data begins with `data`; return the query's id."""
        whole = next((one for _words, one in message.buttons if one.startswith(data)), data)
        return self.call("press", user=user, chat=message.chat, message=message.id, data=whole)["query"]

    def block(self, user: User, *, blocked: bool = True) -> None:
        self.call("block", user=user, blocked=blocked)

    def repeat(self, sent: Sent) -> None:
        """Send the update of a message once more."""
        self.call("repeat", update_id=sent.update, chat=sent.chat, message=sent.id)

    # Looking

    def messages(self, place: Place, *, kind: str = "") -> list[Message]:
        """Return what stands in a chat now, oldest first."""
        found = [Message(**{**one, "buttons": [tuple(each) for each in one["buttons"]],
                            "edits": [tuple(each) for each in one["edits"]]})
                 for one in self.call("messages", chat=place)]  # fmt: skip
        return [one for one in found if not kind or one.kind == kind]

    def answers(self, place: Place, *, to: Sent | None = None, kind: str = "") -> list[Message]:
        """Return what the bot wrote, or what it wrote as an answer to one message."""
        own = [one for one in self.messages(place, kind=kind) if one.sender >= 7_000_000_000]
        return [one for one in own if to is None or one.reply_to == to.id]

    def wait_answer(
        self, place: Place, *, to: Sent | None = None, kind: str = "", has: str = "", seconds: float = 60.0
    ) -> Message:
        """Wait for an answer of this kind with this in its text as it stands now, and return it."""

        def found() -> Message | None:
            return next((one for one in self.answers(place, to=to, kind=kind) if has in one.text), None)

        try:
            return eventually(found, what="the bot answers", seconds=seconds)
        except AssertionError:
            told = [(one.kind, one.text, one.reply_to) for one in self.messages(place)]
            raise AssertionError(f"no {kind or 'answer'} with {has!r} in {told}") from None

    def data(self, message: Message) -> bytes:
        """Return the bytes of a message's file."""
        return base64.b64decode(self.call("file", file_id=message.file))

    def calls(self, *methods: str, chat: Place | None = None) -> list[Json]:
        """Return the calls so far (but getUpdates): method, chat, at, status, text, files."""
        return [
            one
            for one in self.call("calls")
            if (not methods or one["method"] in methods) and (chat is None or one["chat"] == chat.id)
        ]

    def answered(self, query: str) -> Json | None:
        """Return how a press of a button was answered, None as long as it was not."""
        return next((one for one in self.call("answered") if one["id"] == query), None)

    def state(self) -> Json:
        """Return counts and settings: polls, conflicts, waiting, webhook, commands, flooded (see control.py)."""
        return self.call("state")

    def wait_polled(self, seconds: float = 60.0) -> None:
        """Wait until the bot asks for updates."""
        polls = self.state()["polls"]
        eventually(lambda: self.state()["polls"] > polls or self._is_polling(), what="the bot polls", seconds=seconds)

    def _is_polling(self) -> bool:
        state = self.state()
        return state["polls"] > 0 and not state["waiting"]

    # Faults

    def fail(
        self,
        method: str,
        status: int = 0,
        *,
        chat: Place | None = None,
        times: int = 1,
        kind: str = "refuse",
        **more: Any,
    ) -> None:
        """
        Answer the next calls of `method` (or "*", or "file") with `status`.

        kind: refuse; hang (seconds=...), drop (not done, line cut), lose (done, line cut). retry_after=: flood control.
        """
        where = None if chat is None else chat.id
        self.call("fail", method=method, status=status, chat=where, times=times, kind=kind, **more)

    def forget(self) -> None:
        """Drop the updates nobody has taken."""
        self.call("forget")

    def mend(self) -> None:
        """End all faults."""
        self.call("mend")
        self.flood(burst=20)

    def flood(self, *, burst: float, per_second: float = 1.0) -> None:
        """Let each chat have so many messages at once, and then so many a second; more are answered with 429."""
        self.call("flood", burst=burst, per_second=per_second)
