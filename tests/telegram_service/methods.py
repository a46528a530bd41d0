"""The Bot API's methods that a chat bot calls, with the checks and the answers of the real one."""

import json
import time
from typing import Any

from aiohttp import web

from tests.telegram_service.faults import ApiError, Faults
from tests.telegram_service.updates import Updates
from tests.telegram_service.world import Chat, File, Json, Message, World

MAX_TEXT_UNITS = 4096
MAX_CAPTION_UNITS = 1024
# Telegram's own figures (telegram.constants.FileSizeLimit).
MAX_UPLOAD_BYTES = 50_000_000
MAX_DOWNLOAD_BYTES = 20_000_000
MAX_VOICE_BYTES = 1_000_000
# What counts for flood control.
POSTING = {"sendMessage", "editMessageText", "sendVoice", "sendAudio", "sendDocument"}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


JSON_FIELDS = {"reply_markup", "reply_parameters", "allowed_updates", "commands", "entities", "scope"}


class Methods:
    def __init__(self, world: World, updates: Updates, faults: Faults, *, token: str) -> None:
        self.world, self.updates, self.faults, self.token = world, updates, faults, token
        self.calls: list[Json] = []
        self.commands: dict[str, list[Json]] = {}
        self.answered: list[Json] = []  # callback queries

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/bot{token}/{method}", self.serve),
            web.get("/file/bot{token}/{path:.*}", self.file),
        ]

    async def serve(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        given, files = await _parameters(request)
        chat = int(given["chat_id"]) if str(given.get("chat_id", "")).lstrip("-").isdigit() else None
        call: Json = {"method": method, "chat": chat, "at": time.monotonic(), "status": 200}
        call |= {"text": given.get("text") or given.get("caption"), "files": sorted(files)}
        if method != "getUpdates":
            self.calls.append(call)
        try:
            self._check_token(request)
            after = await self.faults.before(method, chat)
            if after is not None and after.kind == "drop":
                return _cut(request)
            result = await self._do(method, given, files, chat)
            if after is not None and after.kind == "lose":
                return _cut(request)
        except ApiError as error:
            call["status"] = error.status
            return error.answer()
        return web.json_response({"ok": True, "result": result})

    async def _do(self, method: str, given: Json, files: dict[str, File], chat: int | None) -> Any:
        call = getattr(self, f"do_{method}", None)
        if call is None:
            raise ApiError(404, "Not Found: method not found")
        if method in POSTING:
            where = self._chat(given)
            if where.id in self.world.blocked:
                raise ApiError(403, "Forbidden: bot was blocked by the user")
            self.faults.count(where.id)
        return await call(given, files)

    async def file(self, request: web.Request) -> web.StreamResponse:
        after = None
        if request.match_info["token"] == self.token:
            try:
                after = await self.faults.before("file", None)
            except ApiError as error:
                return web.Response(status=error.status)
        found = self.world.files.get(request.match_info["path"].rpartition("/")[2])
        if request.match_info["token"] != self.token or found is None:
            return web.json_response({"ok": False, "error_code": 404, "description": "Not Found"}, status=404)
        if after is not None:
            return _cut(request)
        return web.Response(body=found.data, content_type="application/octet-stream")

    # About the bot

    async def do_getMe(self, given: Json, files: dict[str, File]) -> Json:
        return {**self.world.bot.form(), "can_join_groups": True, "can_read_all_group_messages": False,
                "supports_inline_queries": False}  # fmt: skip

    async def do_getUpdates(self, given: Json, files: dict[str, File]) -> list[Json]:
        return await self.updates.get(
            offset=int(given.get("offset") or 0),
            limit=int(given.get("limit") or 100),
            seconds=float(given.get("timeout") or 0),
            allowed=given.get("allowed_updates"),
        )

    async def do_setWebhook(self, given: Json, files: dict[str, File]) -> bool:
        self.updates.set_webhook(given.get("url", ""), given.get("secret_token", ""))
        return True

    async def do_deleteWebhook(self, given: Json, files: dict[str, File]) -> bool:
        self.updates.set_webhook("", "")
        return True

    async def do_setMyCommands(self, given: Json, files: dict[str, File]) -> bool:
        self.commands[given.get("language_code") or ""] = given["commands"]
        return True

    async def do_getChatMember(self, given: Json, files: dict[str, File]) -> Json:
        chat, user = self._chat(given), int(given["user_id"])
        status = "administrator" if user in chat.administrators else "member" if user in chat.members else "left"
        form: Json = {"status": status, "user": self.world.users[user].form()}
        if status == "administrator":
            rights = (
                "can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats",
                "can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users",
                "can_post_stories", "can_edit_stories", "can_delete_stories",
            )  # fmt: skip
            form |= dict.fromkeys(rights, True)
        return form

    # Writing

    async def do_sendMessage(self, given: Json, files: dict[str, File]) -> Json:
        text = self._checked(given.get("text", ""), MAX_TEXT_UNITS, "message is too long")
        if not text.strip():
            raise ApiError(400, "Bad Request: message text is empty")
        return self._post(given, text=text)

    async def do_editMessageText(self, given: Json, files: dict[str, File]) -> Json:
        text = self._checked(given.get("text", ""), MAX_TEXT_UNITS, "MESSAGE_TOO_LONG")
        message = self.world.messages.get((self._chat(given).id, int(given["message_id"])))
        if message is None or message.sender.id != self.world.bot.id:
            raise ApiError(400, "Bad Request: message to edit not found")
        markup = given.get("reply_markup")
        if (text, markup) == (message.text, message.markup):
            raise ApiError(
                400,
                "Bad Request: message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message",
            )
        message.text, message.markup = text, markup
        message.edits.append((time.monotonic(), text))
        return message.form(self.world)

    async def do_sendVoice(self, given: Json, files: dict[str, File]) -> Json:
        return self._upload("voice", given, files)

    async def do_sendAudio(self, given: Json, files: dict[str, File]) -> Json:
        return self._upload("audio", given, files)

    async def do_sendDocument(self, given: Json, files: dict[str, File]) -> Json:
        return self._upload("document", given, files)

    async def do_sendChatAction(self, given: Json, files: dict[str, File]) -> bool:
        self._chat(given)
        return True

    async def do_answerCallbackQuery(self, given: Json, files: dict[str, File]) -> bool:
        self.answered.append({"id": given["callback_query_id"], "text": given.get("text"), "at": time.monotonic()})
        return True

    async def do_getFile(self, given: Json, files: dict[str, File]) -> Json:
        found = self.world.files.get(given.get("file_id", ""))
        if found is None:
            raise ApiError(400, "Bad Request: invalid file_id")
        if len(found.data) > MAX_DOWNLOAD_BYTES:
            raise ApiError(400, "Bad Request: file is too big")
        return {"file_id": found.id, "file_unique_id": found.id[-8:], "file_size": len(found.data),
                "file_path": found.path}  # fmt: skip

    # Checks

    def _check_token(self, request: web.Request) -> None:
        if request.match_info["token"] != self.token:
            raise ApiError(401, "Unauthorized")

    def _chat(self, given: Json) -> Chat:
        chat = self.world.chats.get(int(given["chat_id"]))
        if chat is None:
            raise ApiError(400, "Bad Request: chat not found")
        return chat

    def _checked(self, text: str, most: int, problem: str) -> str:
        if units(text) > most:
            raise ApiError(400, f"Bad Request: {problem}")
        return text

    def _post(self, given: Json, **values: Any) -> Json:
        chat = self._chat(given)
        reply = given.get("reply_parameters") or {}
        replied = reply.get("message_id")
        if replied is not None and (chat.id, replied) not in self.world.messages:
            if not reply.get("allow_sending_without_reply"):
                raise ApiError(400, "Bad Request: message to be replied not found")
            replied = None
        markup = given.get("reply_markup")
        message: Message = self.world.post(chat, self.world.bot, reply_to=replied, markup=markup, **values)
        return message.form(self.world)

    def _upload(self, kind: str, given: Json, files: dict[str, File]) -> Json:
        file = files.get(kind) or self.world.files.get(given.get(kind, ""))
        if file is None:
            raise ApiError(400, f"Bad Request: there is no {kind} in the request")
        if len(file.data) > MAX_UPLOAD_BYTES:
            raise ApiError(413, "Request Entity Too Large")
        if kind == "voice" and len(file.data) > MAX_VOICE_BYTES:
            # What the real one does too: it is shown as a file, not as a voice note.
            kind = "document"
        self.world.files[file.id] = file
        caption = self._checked(given.get("caption", ""), MAX_CAPTION_UNITS, "message caption is too long")
        media = self.world.media(kind, file, seconds=int(float(given.get("duration") or 0)))
        return self._post(given, caption=caption, media=media)


async def _parameters(request: web.Request) -> tuple[Json, dict[str, File]]:
    """Return the parameters, read as JSON where they are JSON, and the uploaded files by field."""
    given: Json = dict(request.query)
    files: dict[str, File] = {}
    if request.content_type == "application/json":
        return {**given, **await request.json()}, files
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = File(f"up{time.monotonic_ns()}", value.file.read(), value.filename, value.content_type)
        elif isinstance(value, bytes | bytearray):
            files[name] = File(f"up{time.monotonic_ns()}", bytes(value), name, "application/octet-stream")
        else:
            given[name] = _json(value) if name in JSON_FIELDS else value
    return given, files


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ApiError(400, "Bad Request: can't parse JSON object") from None


def _cut(request: web.Request) -> web.StreamResponse:
    """Close the line without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
