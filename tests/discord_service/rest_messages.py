"""The part of REST about channels, their messages and reactions, and files: what a bot writes. Used by rest.py."""

import json
from typing import Any

from aiohttp import web

from tests.discord_service import payloads
from tests.discord_service.gateway import MESSAGES, Gateway
from tests.discord_service.interactions import Interactions
from tests.discord_service.replies import Refusal, answer, check_message
from tests.discord_service.world import PERMISSIONS, Attachment, Channel, Message, World, moment

REPLY = 19  # message type


class RestMessages:
    def __init__(self, world: World, gateway: Gateway, interactions: Interactions) -> None:
        self.world = world
        self.gateway = gateway
        self.interactions = interactions

    async def list_messages(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "view_channel", "read_message_history")
        last = list(self.world.messages_in(channel.id))[::-1][: int(request.query.get("limit", 50))]
        return answer([self._form(message) for message in last])

    async def post_message(self, request: web.Request) -> web.Response:
        channel = self._channel(request, "view_channel", "send_messages")
        body, files = await self._body(request)
        message = Message(self.world.snowflake(), channel.id, channel.guild_id, self.world.bot)
        self._change(message, body, files)
        if reference := body.get("message_reference"):
            message.replies_to, message.type = int(reference["message_id"]), REPLY
        self.world.messages[message.id] = message
        self.interactions.tell(message, "MESSAGE_CREATE")
        return answer(self._form(message))

    async def get_message(self, request: web.Request) -> web.Response:
        return answer(self._form(self._message(request)))

    async def patch_message(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message.author is not self.world.bot:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        body, files = await self._body(request)
        self._change(message, body, files)
        message.edited_at = moment()
        self.interactions.tell(message, "MESSAGE_UPDATE")
        return answer(self._form(message))

    async def delete_message(self, request: web.Request) -> web.Response:
        message = self._message(request)
        if message.author is not self.world.bot:
            self._channel(request, "manage_messages")
        del self.world.messages[message.id]
        data = {"id": str(message.id), "channel_id": str(message.channel_id), "guild_id": str(message.guild_id)}
        self.gateway.dispatch("MESSAGE_DELETE", data, guild_id=message.guild_id, intent=MESSAGES)
        return web.Response(status=204)

    async def add_reaction(self, request: web.Request) -> web.Response:
        self._channel(request, "add_reactions")
        reaction = (request.match_info["emoji"], self.world.bot.id)
        message = self._message(request)
        if reaction not in message.reactions:
            message.reactions.append(reaction)
        return web.Response(status=204)

    async def remove_reaction(self, request: web.Request) -> web.Response:
        message = self._message(request)
        gone = (request.match_info["emoji"], self.world.bot.id)
        message.reactions = [reaction for reaction in message.reactions if reaction != gone]
        return web.Response(status=204)

    async def typing(self, request: web.Request) -> web.Response:
        self._channel(request)
        return web.Response(status=204)

    async def file(self, request: web.Request) -> web.Response:
        found = self.world.files.get(int(request.match_info["id"]))
        if found is None:
            return web.Response(status=404)
        return web.Response(body=found.data, headers={"Content-Type": found.content_type})

    async def get_channel(self, request: web.Request) -> web.Response:
        return answer(payloads.channel(self._channel(request, "view_channel")))

    # Parts of the above

    @staticmethod
    def _find(table: dict[int, Any], request: web.Request, name: str, code: int) -> Any:
        found = table.get(int(request.match_info[name]))
        if found is None:
            raise Refusal(404, code, f"Unknown {name}")
        return found

    def _channel(self, request: web.Request, *permissions: str) -> Channel:
        channel = self.world.channel(int(request.match_info["channel"]))
        if channel is None:
            raise Refusal(404, 10003, "Unknown Channel")
        may = self.world.guilds[channel.guild_id].permissions(self.world.bot.id, channel)
        for name in permissions:
            if not may & PERMISSIONS[name]:
                why = (50001, "Missing Access") if name == "view_channel" else (50013, "Missing Permissions")
                raise Refusal(403, *why)
        return channel

    def _message(self, request: web.Request) -> Message:
        return self._find(self.world.messages, request, "message", 10008)

    def _form(self, message: Message) -> dict[str, Any]:
        return payloads.message(message, self.world, self.gateway.cdn)

    async def _body(self, request: web.Request) -> tuple[dict[str, Any], list[Attachment]]:
        """Return the JSON of a request and the files sent along with it."""
        if not request.content_type.startswith("multipart/"):
            return await request.json(), []
        body: dict[str, Any] = {}
        files = []
        async for part in await request.multipart():
            if part.name == "payload_json":
                body = json.loads(await part.text())
            else:
                content_type = part.headers.get("Content-Type", "application/octet-stream")
                files.append(self.world.add_file(part.filename or "file", content_type, bytes(await part.read())))
        return body, files

    @staticmethod
    def _change(message: Message, body: dict[str, Any], files: list[Attachment]) -> None:
        check_message(body)
        message.content = body.get("content", message.content) or ""
        message.embeds = body.get("embeds", message.embeds) or []
        message.flags = body.get("flags", message.flags) or 0
        message.components = body.get("components", message.components) or []
        message.allowed_mentions = body.get("allowed_mentions", message.allowed_mentions)
        if "attachments" in body:
            kept = {int(one["id"]) for one in body["attachments"]}
            message.attachments = [one for one in message.attachments if one.id in kept]
        message.attachments += files
        if not (message.content or message.embeds or message.attachments or message.components or message.extra):
            raise Refusal(400, 50006, "Cannot send an empty message")
