"""What the stand-in knows: people, chats, messages, files; and each of them as the Bot API writes it."""

import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

BOT_ID = 7_000_000_001


@dataclass
class User:
    id: int
    name: str
    username: str = ""
    language_code: str | None = None
    is_bot: bool = False

    def form(self) -> Json:
        form: Json = {"id": self.id, "is_bot": self.is_bot, "first_name": self.name}
        if self.username:
            form["username"] = self.username
        if self.language_code:
            form["language_code"] = self.language_code
        return form


@dataclass
class Chat:
    id: int
    type: str  # private, group, supergroup
    name: str
    members: set[int] = field(default_factory=set)
    administrators: set[int] = field(default_factory=set)

    def form(self) -> Json:
        named = {"first_name": self.name} if self.type == "private" else {"title": self.name}
        return {"id": self.id, "type": self.type, **named}


@dataclass
class File:
    id: str
    data: bytes
    name: str
    content_type: str

    @property
    def path(self) -> str:
        return f"files/{self.id}"


@dataclass
class Message:
    id: int
    chat: Chat
    sender: User
    text: str = ""
    caption: str = ""
    reply_to: int | None = None
    media: Json = field(default_factory=dict)  # {"voice": {...}}, as the API writes it
    markup: Json | None = None
    entities: list[Json] = field(default_factory=list)
    sent_at: float = field(default_factory=time.monotonic)
    date: int = field(default_factory=lambda: int(time.time()))
    edits: list[tuple[float, str]] = field(default_factory=list)

    def form(self, world: "World", *, nested: bool = False) -> Json:
        form: Json = {
            "message_id": self.id,
            "from": self.sender.form(),
            "chat": self.chat.form(),
            "date": self.date,
            **self.media,
        }
        for name in ("text", "caption", "entities"):
            if value := getattr(self, name):
                form[name] = value
        if self.markup:
            form["reply_markup"] = self.markup
        if self.edits:
            form["edit_date"] = self.date
        replied = world.messages.get((self.chat.id, self.reply_to or 0))
        if replied is not None and not nested:
            form["reply_to_message"] = replied.form(world, nested=True)
        return form

    def shown(self) -> Json:
        """Return it for the control door, with what a Telegram client would show of it."""
        media = next(iter(self.media.items()), None)
        return {
            "id": self.id,
            "chat": self.chat.id,
            "sender": self.sender.id,
            "text": self.text or self.caption,
            "reply_to": self.reply_to,
            "kind": media[0] if media else "text",
            "file": media[1]["file_id"] if media else None,
            "seconds": media[1].get("duration") if media else None,
            "buttons": [
                [button["text"], button["callback_data"]]
                for row in (self.markup or {}).get("inline_keyboard", [])
                for button in row
            ],
            "edits": self.edits,
            "sent_at": self.sent_at,
        }


class World:
    def __init__(self) -> None:
        self.bot = User(BOT_ID, "koebako", "koebako_bot", is_bot=True)
        self.users: dict[int, User] = {BOT_ID: self.bot}
        self.chats: dict[int, Chat] = {}
        self.messages: dict[tuple[int, int], Message] = {}
        self.files: dict[str, File] = {}
        self.blocked: set[int] = set()
        self._next = 1000

    def number(self) -> int:
        self._next += 1
        return self._next

    def add_user(self, name: str, language_code: str | None, username: str) -> User:
        user = User(self.number() + 500_000_000, name, username, language_code)
        self.users[user.id] = user
        self.chats[user.id] = Chat(user.id, "private", name, {user.id, BOT_ID})
        return user

    def add_group(self, name: str, members: list[int], administrators: list[int]) -> Chat:
        chat = Chat(-1_000_000_000 - self.number(), "supergroup", name, {*members, BOT_ID}, set(administrators))
        self.chats[chat.id] = chat
        return chat

    def add_file(self, data: bytes, name: str, content_type: str) -> File:
        file = File(f"AwACAgUAA{self.number():08d}", data, name, content_type)
        self.files[file.id] = file
        return file

    def post(self, chat: Chat, sender: User, **given: Any) -> Message:
        # Message ids count up within one chat.
        last = max((number for where, number in self.messages if where == chat.id), default=0)
        message = Message(last + 1, chat, sender, **given)
        self.messages[chat.id, message.id] = message
        return message

    def media(self, kind: str, file: File, *, seconds: int | None = None) -> Json:
        form: Json = {
            "file_id": file.id,
            "file_unique_id": file.id[-8:],
            "file_size": len(file.data),
            "mime_type": file.content_type,
        }
        if kind != "document":
            form["duration"] = seconds or 0
        if kind == "video_note":
            form["length"] = 240
            del form["mime_type"]
        if kind in ("document", "audio"):
            form["file_name"] = file.name
        return {kind: form}
