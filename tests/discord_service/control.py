"""The control door: what people, administrators and faults do, asked for over HTTP by another process (client.py).

POST /control/NAME with the arguments as JSON calls the method of that name; the answer is its result. 422 with the
reason when it is something nobody could do. Loopback only; used by service.py.
"""

import base64
import time

from aiohttp import web

from tests.discord_service import payloads
from tests.discord_service.command_options import Unknown
from tests.discord_service.control_overseer import Json, Overseer
from tests.discord_service.gateway import GUILDS, MESSAGES
from tests.discord_service.interactions import Interaction
from tests.discord_service.replies import answer
from tests.discord_service.world import (
    CHANNEL_TYPES,
    Attachment,
    Guild,
    Member,
    Message,
    Overwrite,
    User,
    bits,
    moment,
)


class Control(Overseer):
    async def serve(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        method = getattr(self, f"do_{name}", None)
        if method is None:
            return answer({"error": f"no such call: {name}"}, 404)
        try:
            return answer(await method(**await request.json()))
        except (Unknown, KeyError, TimeoutError) as refused:
            return answer({"error": f"{type(refused).__name__}: {refused}"}, 422)

    # The world

    async def do_add_user(self, name: str, display_name: str | None, bot: bool) -> int:
        return self.world.add_user(name, display_name=display_name, bot=bot).id

    async def do_add_guild(self, name: str, locale: str, text: list[str], voice: list[str]) -> Json:
        guild = self.world.add_guild(name, locale=locale)
        for kind, names in (("text", text), ("voice", voice)):
            for one in names:
                self.world.add_channel(guild, one, type=CHANNEL_TYPES[kind])
        self.gateway.announce_guild(guild.id)
        return {"id": guild.id, "channels": [[one.id, one.name] for one in guild.channels.values()]}

    async def do_remove_guild(self, guild: int, unavailable: bool) -> None:
        form: Json = {"id": str(guild)}
        if unavailable:
            form["unavailable"] = True
        else:
            del self.world.guilds[guild]
        self.gateway.dispatch("GUILD_DELETE", form, guild_id=guild, intent=GUILDS)

    async def do_restore_guild(self, guild: int) -> None:
        for session in self.gateway.connected():
            if session.knows(guild):
                session.dispatch("GUILD_CREATE", self.gateway.guild_form(session, guild))

    async def do_add_channel(self, guild: int, name: str, kind: str, parent: int | None) -> int:
        channel = self.world.add_channel(self.world.guilds[guild], name, type=CHANNEL_TYPES[kind], parent_id=parent)
        self.gateway.dispatch("CHANNEL_CREATE", payloads.channel(channel), guild_id=guild)
        return channel.id

    async def do_remove_channel(self, channel: int) -> None:
        gone = self._channel(channel)
        del self.world.guilds[gone.guild_id].channels[channel]
        self.gateway.dispatch("CHANNEL_DELETE", payloads.channel(gone), guild_id=gone.guild_id)

    async def do_add_role(self, guild: int, name: str, permissions: list[str]) -> int:
        role = self.world.add_role(self.world.guilds[guild], name, permissions=bits(*permissions))
        form = {"guild_id": str(guild), "role": payloads.role(role)}
        self.gateway.dispatch("GUILD_ROLE_CREATE", form, guild_id=guild)
        return role.id

    async def do_add_member(self, guild: int, user: int, nick: str | None, roles: list[int]) -> None:
        """Make a user a member, or change his nickname and roles."""
        home = self.world.guilds[guild]
        event = "GUILD_MEMBER_UPDATE" if user in home.members else "GUILD_MEMBER_ADD"
        home.members[user] = Member(self.world.users[user], nick, roles)
        form = payloads.member(home.members[user]) | {"guild_id": str(guild)}
        # Its own member's change is told to every bot, others' only with the members intent.
        self.gateway.dispatch(event, form, guild_id=guild, intent=GUILDS if user == self.world.bot.id else 1 << 1)

    async def do_overwrite(self, channel: int, target: int | None, allow: list[str], deny: list[str]) -> None:
        """Allow or deny `target` (a member or role; None: the bot) something in a channel."""
        changed = self._channel(channel)
        target = target or self.world.bot.id
        is_member = target in self.world.users
        changed.overwrites[target] = Overwrite(is_member, bits(*allow), bits(*deny))
        self.gateway.dispatch("CHANNEL_UPDATE", payloads.channel(changed), guild_id=changed.guild_id)

    # People

    async def do_say(
        self,
        user: int,
        channel: int,
        text: str,
        files: list[Json],
        replies_to: int | None,
        webhook: str | None,
        extra: Json,
    ) -> Json:
        place = self._channel(channel)
        self._join_guild(place.guild_id, user)
        author = User(user, webhook, bot=True) if webhook else self.world.users[user]
        message = Message(
            self.world.snowflake(), channel, place.guild_id, author, text, replies_to=replies_to,
            type=19 if replies_to else 0, extra=extra, webhook_id=user if webhook else None,
            attachments=[self._file(one) for one in files],
        )  # fmt: skip
        self.world.messages[message.id] = message
        form = payloads.message(message, self.world, self.gateway.cdn)
        sent_at = time.monotonic()
        self.gateway.dispatch_message("MESSAGE_CREATE", form, guild_id=place.guild_id)
        return {"id": message.id, "sent_at": sent_at}

    async def do_edit(self, message: int, text: str) -> None:
        changed = self.world.messages[message]
        changed.content, changed.edited_at = text, moment()
        form = payloads.message(changed, self.world, self.gateway.cdn)
        self.gateway.dispatch_message("MESSAGE_UPDATE", form, guild_id=changed.guild_id)

    async def do_delete(self, messages: list[int]) -> None:
        """Delete one message, or several at once (then as a bulk deletion)."""
        gone = [self.world.messages.pop(key) for key in messages]
        form: Json = {"channel_id": str(gone[0].channel_id), "guild_id": str(gone[0].guild_id)}
        form |= {"id": str(messages[0])} if len(gone) == 1 else {"ids": [str(key) for key in messages]}
        event = "MESSAGE_DELETE" if len(gone) == 1 else "MESSAGE_DELETE_BULK"
        self.gateway.dispatch(event, form, guild_id=gone[0].guild_id, intent=MESSAGES)

    async def do_enter(self, user: int, channel: int) -> None:
        guild = self.world.guilds[self._channel(channel).guild_id]
        self._join_guild(guild.id, user)
        self.voice_states.enter(guild, user, channel)

    async def do_leave(self, guild: int, user: int) -> None:
        await self.voice_states.leave(self.world.guilds[guild], user)

    async def do_slash(
        self, user: int, command: str, channel: int, options: Json, focused: str | None, locale: str, seconds: float
    ) -> Json:
        """Call a command, or have `focused` completed, and wait for the final answer."""
        first, *path = command.split()
        place = self._channel(channel)
        self._join_guild(place.guild_id, user)
        registered = [*self.rest.commands.get(place.guild_id, []), *self.rest.commands[None]]
        found = next((one for one in registered if one["name"] == first), None)
        if found is None:
            raise Unknown(f"no command {first!r} is registered, but {[one['name'] for one in registered]}")
        asked = self.interactions.ask(
            found, path, user=self.world.users[user], channel=place, options=options, focused=focused, locale=locale
        )
        return await self._answer(asked, seconds)

    async def do_press(
        self, user: int, message: int, custom_id: str, values: list[str] | None, locale: str, seconds: float
    ) -> Json:
        pressed = self.world.messages[message]
        asked = self.interactions.press(pressed, custom_id, user=self.world.users[user], locale=locale, values=values)
        return await self._answer(asked, seconds)

    async def _answer(self, asked: Interaction, seconds: float) -> Json:
        try:
            await self.interactions.wait(asked, seconds=seconds)
        except TimeoutError:
            first = "no first answer within 3 s" if asked.first_answer_at is None else "only 'thinking'"
            raise Unknown(f"{first} (waited {time.monotonic() - asked.sent_at:.1f} s)") from None
        assert asked.first_answer_at is not None
        return {
            "token": asked.token,
            "first_seconds": asked.first_answer_at - asked.sent_at,
            "final_seconds": time.monotonic() - asked.sent_at,
            "first_type": asked.first_answer_type,
            "choices": asked.choices,
            "messages": [self._shown(message) for message in asked.messages],
        }

    def _file(self, form: Json) -> Attachment:
        return self.world.add_file(form["filename"], form["content_type"], base64.b64decode(form["data"]))

    def _join_guild(self, guild_id: int, user_id: int) -> None:
        """Whoever does something in a guild is a member of it."""
        guild: Guild = self.world.guilds[guild_id]
        if user_id in self.world.users:
            guild.members.setdefault(user_id, Member(self.world.users[user_id]))
