"""The REST side, API v10: application, commands, messages, reactions, members, interaction answers, the CDN.

Only what a read-aloud bot asks for; anything else is 404 with Discord's error form. Each request is written down in
`calls`, so that a test can count. Messages are rest_messages.py's. Used by doors.py and control.py.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.discord_service import payloads
from tests.discord_service.gateway import MESSAGE_CONTENT, VOICE_STATES, Gateway
from tests.discord_service.interactions import Interactions
from tests.discord_service.replies import Refusal, answer, rate_limited
from tests.discord_service.rest_messages import RestMessages
from tests.discord_service.world import PERMISSIONS, World

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
LIMITED_MESSAGE_CONTENT = 1 << 19  # of the application's flags


class Rest(RestMessages):
    def __init__(self, world: World, gateway: Gateway, interactions: Interactions) -> None:
        super().__init__(world, gateway, interactions)
        self.commands: dict[int | None, list[dict[str, Any]]] = {None: []}  # by guild; None: everywhere
        self.calls: list[dict[str, Any]] = []
        self.limits: list[dict[str, Any]] = []  # what is answered 429: {"method", "path", "retry_after", "times"}

    def routes(self) -> list[web.RouteDef]:
        application, messages = "/applications/{application}", "/channels/{channel}/messages"
        webhook = "/webhooks/{application}/{token}"
        reaction = messages + "/{message}/reactions/{emoji}"
        told: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", self.me),
            ("GET", "/users/{user}", self.user),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", application + "/commands", self.get_commands),
            ("PUT", application + "/commands", self.put_commands),
            ("GET", application + "/guilds/{guild}/commands", self.get_commands),
            ("PUT", application + "/guilds/{guild}/commands", self.put_commands),
            ("POST", "/interactions/{id}/{token}/callback", self.callback),
            ("GET", webhook + "/messages/{message}", self.get_answer),
            ("PATCH", webhook + "/messages/{message}", self.patch_answer),
            ("DELETE", webhook + "/messages/{message}", self.delete_answer),
            ("POST", webhook, self.follow_up),
            ("GET", messages, self.list_messages),
            ("POST", messages, self.post_message),
            ("GET", messages + "/{message}", self.get_message),
            ("PATCH", messages + "/{message}", self.patch_message),
            ("DELETE", messages + "/{message}", self.delete_message),
            ("PUT", reaction + "/@me", self.add_reaction),
            ("DELETE", reaction + "/@me", self.remove_reaction),
            ("POST", "/channels/{channel}/typing", self.typing),
            ("GET", "/channels/{channel}", self.get_channel),
            ("GET", "/guilds/{guild}", self.get_guild),
            ("GET", "/guilds/{guild}/members/{user}", self.get_member),
            ("DELETE", "/users/@me/guilds/{guild}", self.leave_guild),
            ("PATCH", "/guilds/{guild}/voice-states/@me", self.patch_voice_state),
        ]
        routes = [web.route(method, "/api/v10" + path, self._written_down(handler)) for method, path, handler in told]
        routes.append(web.route("*", "/api/v10/{rest:.*}", self._written_down(self.unknown)))
        routes.append(web.get("/cdn/attachments/{id}/{name}", self.file))
        return routes

    def _written_down(self, handler: Handler) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            arrived_at = time.monotonic()
            try:
                response = self._limited(request) or self._unauthorised(request) or await handler(request)
            except Refusal as refusal:
                response = refusal.response
            self.calls.append(
                {"method": request.method, "path": request.path, "status": response.status, "at": arrived_at}
            )
            return response

        return handle

    def _limited(self, request: web.Request) -> web.Response | None:
        for limit in self.limits:
            if limit["times"] > 0 and limit["method"] == request.method and limit["path"] in request.path:
                limit["times"] -= 1
                return rate_limited(limit["retry_after"])
        return None

    def _unauthorised(self, request: web.Request) -> web.Response | None:
        # Interaction answers carry their own token in the path.
        if "token" in request.match_info or request.headers.get("Authorization") == f"Bot {self.gateway.token}":
            return None
        return Refusal(401, 0, "401: Unauthorized").response

    async def unknown(self, _request: web.Request) -> web.Response:
        raise Refusal(404, 0, "404: Not Found")

    # The application

    async def me(self, _request: web.Request) -> web.Response:
        more = {"verified": True, "mfa_enabled": False, "email": None, "flags": 0}
        return answer(payloads.user(self.world.bot) | more)

    async def user(self, request: web.Request) -> web.Response:
        return answer(payloads.user(self._find(self.world.users, request, "user", 10013)))

    async def application(self, _request: web.Request) -> web.Response:
        allowed = bool(self.gateway.allowed_intents & MESSAGE_CONTENT)
        bot = self.world.bot
        owner = payloads.user(bot) | {"id": "1", "username": "owner", "bot": False}
        return answer({
            "id": str(bot.id), "name": bot.username, "description": "", "icon": None, "bot_public": True,
            "bot_require_code_grant": False, "owner": owner, "verify_key": "", "team": None,
            "flags": LIMITED_MESSAGE_CONTENT if allowed else 0,
        })  # fmt: skip

    async def gateway_bot(self, _request: web.Request) -> web.Response:
        limit = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 16}
        return answer({"url": self.gateway.url, "shards": 1, "session_start_limit": limit})

    async def get_commands(self, request: web.Request) -> web.Response:
        return answer(self.commands.get(_guild_of(request), []))

    async def put_commands(self, request: web.Request) -> web.Response:
        guild_id = _guild_of(request)
        known = {command["name"]: command["id"] for command in self.commands.get(guild_id, [])}
        commands = await request.json()
        for command in commands:
            command |= {
                "id": known.get(command["name"]) or str(self.world.snowflake()),
                "application_id": str(self.world.bot.id),
                "version": str(self.world.snowflake()),
                **({"guild_id": str(guild_id)} if guild_id else {}),
            }
            command.setdefault("type", 1)
            command.setdefault("description", "")
            command.setdefault("default_member_permissions", None)
        self.commands[guild_id] = commands
        return answer(commands)

    # Interactions

    async def callback(self, request: web.Request) -> web.Response:
        interaction = self.interactions.by_token.get(request.match_info["token"])
        if interaction is None:
            raise Refusal(404, 10062, "Unknown interaction")
        if interaction.first_answer_at is not None:
            raise Refusal(400, 40060, "Interaction has already been acknowledged.")
        body, files = await self._body(request)
        form = self.interactions.first_answer(interaction, body, files)
        return answer(form) if request.query.get("with_response") in ("true", "True", "1") else web.Response(status=204)

    async def get_answer(self, request: web.Request) -> web.Response:
        return answer(self._form(self.interactions.message_of(request.match_info)))

    async def patch_answer(self, request: web.Request) -> web.Response:
        message = self.interactions.message_of(request.match_info)
        body, files = await self._body(request)
        self._change(message, body, files)
        self.interactions.answered(request.match_info["token"], message)
        return answer(self._form(message))

    async def delete_answer(self, request: web.Request) -> web.Response:
        self.interactions.forget(request.match_info["token"], self.interactions.message_of(request.match_info))
        return web.Response(status=204)

    async def follow_up(self, request: web.Request) -> web.Response:
        body, files = await self._body(request)
        return answer(self._form(self.interactions.follow_up(request.match_info["token"], body, files)))

    # Guilds

    async def get_guild(self, request: web.Request) -> web.Response:
        guild = self._find(self.world.guilds, request, "guild", 10004)
        return answer(payloads.guild(guild, bot_id=self.world.bot.id, all_members=False))

    async def get_member(self, request: web.Request) -> web.Response:
        guild = self._find(self.world.guilds, request, "guild", 10004)
        return answer(payloads.member(self._find(guild.members, request, "user", 10007)))

    async def leave_guild(self, request: web.Request) -> web.Response:
        guild = self._find(self.world.guilds, request, "guild", 10004)
        del self.world.guilds[guild.id]
        self.gateway.dispatch("GUILD_DELETE", {"id": str(guild.id)}, guild_id=guild.id)
        return web.Response(status=204)

    async def patch_voice_state(self, request: web.Request) -> web.Response:
        guild = self._find(self.world.guilds, request, "guild", 10004)
        state = guild.voice_states.get(self.world.bot.id)
        if state is None:
            raise Refusal(400, 10065, "Unknown Voice State")
        body = await request.json()
        channel = guild.channels[state.channel_id]
        may = guild.permissions(self.world.bot.id, channel) & PERMISSIONS["mute_members"]
        if body.get("suppress") is False and not may:
            raise Refusal(403, 50013, "Missing Permissions")
        state.suppress = body.get("suppress", state.suppress)
        data = payloads.voice_state(state, guild)
        self.gateway.dispatch("VOICE_STATE_UPDATE", data, guild_id=guild.id, intent=VOICE_STATES)
        return web.Response(status=204)


def _guild_of(request: web.Request) -> int | None:
    return int(request.match_info["guild"]) if "guild" in request.match_info else None
