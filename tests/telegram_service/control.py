"""The control door: what people do and what goes wrong, asked for over HTTP by another process (client.py).

POST /control/NAME with the arguments as JSON calls the method of that name; the answer is its result. 422 with the
reason when it is something nobody could do. Loopback only; used by service.py.
"""

import base64
import time

from aiohttp import web

from tests.telegram_service.faults import Rule
from tests.telegram_service.methods import Methods, units
from tests.telegram_service.world import Json, Message


class Impossible(Exception):
    """Nobody could do this in a Telegram client."""


class Control:
    def __init__(self, methods: Methods) -> None:
        self.methods = methods
        self.world, self.updates, self.faults = methods.world, methods.updates, methods.faults

    async def serve(self, request: web.Request) -> web.Response:
        method = getattr(self, f"do_{request.match_info['name']}", None)
        if method is None:
            return web.json_response({"error": "no such call"}, status=404)
        try:
            return web.json_response(await method(**await request.json()))
        except (Impossible, KeyError) as refused:
            return web.json_response({"error": f"{type(refused).__name__}: {refused}"}, status=422)

    # People

    async def do_add_user(self, name: str, language_code: str | None, username: str) -> int:
        return self.world.add_user(name, language_code, username).id

    async def do_add_group(self, name: str, members: list[int], administrators: list[int]) -> int:
        return self.world.add_group(name, members, administrators).id

    async def do_say(self, user: int, chat: int, text: str, reply_to: int | None) -> Json:
        message = self._post(user, chat, text=text, reply_to=reply_to)
        message.entities = _entities(text)
        return await self._tell(message)

    async def do_send_file(
        self,
        user: int,
        chat: int,
        kind: str,
        data: str,
        name: str,
        content_type: str,
        seconds: int,
        reply_to: int | None,
        caption: str,
    ) -> Json:
        file = self.world.add_file(base64.b64decode(data), name, content_type)
        media = self.world.media(kind, file, seconds=seconds)
        return await self._tell(self._post(user, chat, media=media, reply_to=reply_to, caption=caption))

    async def do_edit(self, user: int, chat: int, message: int, text: str) -> int:
        changed = self.world.messages[chat, message]
        changed.text = text
        return await self.updates.add("edited_message", changed.form(self.world))

    async def do_delete(self, chat: int, message: int) -> None:
        del self.world.messages[chat, message]

    async def do_press(self, user: int, chat: int, message: int, data: str) -> Json:
        pressed = self.world.messages[chat, message]
        if data not in [one for _text, one in pressed.shown()["buttons"]]:
            raise Impossible(f"there is no button {data!r} but {pressed.shown()['buttons']}")
        query = f"q{self.world.number()}"
        form = {"id": query, "from": self.world.users[user].form(), "chat_instance": str(chat), "data": data,
                "message": pressed.form(self.world)}  # fmt: skip
        sent_at = time.monotonic()
        await self.updates.add("callback_query", form)
        return {"query": query, "sent_at": sent_at}

    async def do_block(self, user: int, blocked: bool) -> None:
        (self.world.blocked.add if blocked else self.world.blocked.discard)(user)

    async def do_repeat(self, update_id: int, chat: int, message: int) -> None:
        form = self.world.messages[chat, message].form(self.world)
        await self.updates.repeat({"update_id": update_id, "message": form})

    def _post(self, user: int, chat: int, **values: object) -> Message:
        place = self.world.chats[chat]
        if user not in place.members:
            raise Impossible("who is no member cannot write there")
        return self.world.post(place, self.world.users[user], **values)

    async def _tell(self, message: Message) -> Json:
        sent_at = time.monotonic()
        update = await self.updates.add("message", message.form(self.world))
        return {"id": message.id, "chat": message.chat.id, "update": update, "sent_at": sent_at}

    # Looking

    async def do_messages(self, chat: int) -> list[Json]:
        return [one.shown() for (where, _id), one in self.world.messages.items() if where == chat]

    async def do_file(self, file_id: str) -> str:
        found = self.world.files.get(file_id)
        if found is None:
            raise Impossible("no such file")
        return base64.b64encode(found.data).decode()

    async def do_calls(self) -> list[Json]:
        return self.methods.calls

    async def do_answered(self) -> list[Json]:
        return self.methods.answered

    async def do_state(self) -> Json:
        return {
            "polls": self.updates.polls,
            "polled_at": self.updates.polled_at,
            "conflicts": self.updates.conflicts,
            "waiting": len(self.updates.waiting),
            "allowed": self.updates.allowed,
            "webhook": self.updates.url,
            "secret": self.updates.secret,
            "delivered": self.updates.delivered,
            "commands": self.methods.commands,
            "flooded": self.faults.flooded,
        }

    # Faults

    async def do_fail(self, **rule: object) -> None:
        self.faults.rules.append(Rule(**rule))

    async def do_forget(self) -> None:
        self.updates.waiting.clear()
        self.updates.delivered.clear()

    async def do_mend(self) -> None:
        self.faults.rules.clear()

    async def do_flood(self, burst: float, per_second: float) -> None:
        self.faults.burst, self.faults.per_second = burst, per_second
        self.faults._buckets.clear()
        self.faults.flooded = 0


def _entities(text: str) -> list[Json]:
    """Return what Telegram finds in a text: a command at its start, mentions."""
    found = []
    place = 0
    for word in text.split(" "):
        kind = "bot_command" if word.startswith("/") else "mention" if word.startswith("@") and len(word) > 1 else ""
        if kind:
            found.append({"type": kind, "offset": units(text[:place]), "length": units(word.partition("\n")[0])})
        place += len(word) + 1
    return found
