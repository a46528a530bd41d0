"""What a test holds in its hands: the people, administrators and faults of the stand-in, as plain calls.

Blocking, and usable from any process that knows the URL. Guilds, channels, users and messages are ids with names on
them; every call takes the object or its id.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.discord_service.client_overseer import OverseerCalls, Refused, id_of
from tests.discord_service.things import Answer, Channel, File, Guild, Json, Message, Role, Sent, User

__all__ = ["Answer", "Channel", "Discord", "File", "Guild", "Message", "Refused", "Role", "Sent", "User"]


class Discord(OverseerCalls):
    def environment(self) -> dict[str, str]:
        """Return what the bot's process needs to come here instead of to Discord."""
        gateway = f"ws://{urlsplit(self.url).netloc}/gateway"
        return {
            "DISCORD_TOKEN": self.token,
            "DISCORD_API_BASE": f"{self.url}/api/v10",
            "DISCORD_GATEWAY_URL": gateway,
            "SSL_CERT_FILE": self.certificate,
        }

    # The world

    def add_user(self, name: str, *, display_name: str | None = None, bot: bool = False) -> User:
        return User(self.call("add_user", name=name, display_name=display_name, bot=bot), name)

    def add_guild(
        self,
        name: str = "テスト",
        *,
        locale: str = "ja",
        text: Sequence[str] = ("chat",),
        voice: Sequence[str] = ("lounge",),
    ) -> Guild:
        """Return a guild with these channels; a connected bot is told that it was added."""
        made = self.call("add_guild", name=name, locale=locale, text=list(text), voice=list(voice))
        channels = {name: Channel(key, made["id"], name) for key, name in made["channels"]}
        return Guild(made["id"], name, channels)

    def remove_guild(self, guild: Guild, *, unavailable: bool = False) -> None:
        """The bot is thrown out; or, `unavailable`, the guild is away for a while."""
        self.call("remove_guild", guild=guild, unavailable=unavailable)

    def restore_guild(self, guild: Guild) -> None:
        """A guild that was unavailable is back."""
        self.call("restore_guild", guild=guild)

    def add_channel(self, guild: Guild, name: str, *, kind: str = "text", parent: Channel | None = None) -> Channel:
        """kind: text, voice, stage or category."""
        return Channel(self.call("add_channel", guild=guild, name=name, kind=kind, parent=parent), guild.id, name)

    def remove_channel(self, channel: Channel) -> None:
        self.call("remove_channel", channel=channel)

    def add_role(self, guild: Guild, name: str, *, permissions: Sequence[str] = ()) -> Role:
        """permissions: names as discord.py has them (world.PERMISSIONS)."""
        return Role(self.call("add_role", guild=guild, name=name, permissions=list(permissions)), name)

    def add_member(self, guild: Guild, user: User, *, nick: str | None = None, roles: Sequence[Role] = ()) -> None:
        """Make a user a member, or set nickname and roles anew. Whoever speaks or enters becomes one by that."""
        self.call("add_member", guild=guild, user=user, nick=nick, roles=[role.id for role in roles])

    def forbid(self, channel: Channel, *permissions: str, to: User | Role | None = None) -> None:
        """Deny somebody (the bot, when nobody is named) these permissions in a channel; none: all is as before."""
        self.call("overwrite", channel=channel, target=to, allow=[], deny=list(permissions))

    # People

    def say(
        self,
        user: User,
        channel: Channel,
        text: str = "",
        *,
        files: Sequence[File] = (),
        replies_to: Sent | Message | None = None,
        webhook: str | None = None,
        **extra: Any,
    ) -> Sent:
        """
        Write a message.

        webhook: it comes from a webhook of that name. extra: JSON as Discord has it: sticker_items, poll,
        message_snapshots, flags ...
        """
        sent = self.call(
            "say", user=user, channel=channel, text=text, files=[file.form() for file in files],
            replies_to=replies_to, webhook=webhook, extra=extra,
        )  # fmt: skip
        return Sent(sent["id"], sent["sent_at"])

    def edit(self, message: Sent, text: str) -> None:
        self.call("edit", message=message, text=text)

    def delete(self, *messages: Sent | Message) -> None:
        """Delete one message, or several as a bulk deletion."""
        self.call("delete", messages=[message.id for message in messages])

    def enter(self, user: User, channel: Channel) -> None:
        """Come into a voice channel, or go over to it from another."""
        self.call("enter", user=user, channel=channel)

    def leave(self, user: User, guild: Guild) -> None:
        self.call("leave", user=user, guild=guild)

    def slash(
        self, user: User, command: str, *, channel: Channel, locale: str = "ja", seconds: float = 20.0, **options: Any
    ) -> Answer:
        """
        Call "join" or "dict add", wait for the final answer. options: str, int, float, bool, User, Channel, Role, File.

        Raises Refused without a first answer within 3 s or a final one within `seconds`, and for what Discord would
        not let anybody send: an unregistered command, an unknown or missing option.
        """
        given = {name: one.form() if isinstance(one, File) else id_of(one) for name, one in options.items()}
        return self._answer(
            self.call(
                "slash",
                user=user,
                command=command,
                channel=channel,
                options=given,
                focused=None,
                locale=locale,
                seconds=seconds,
            )
        )

    def autocomplete(
        self,
        user: User,
        command: str,
        focused: str,
        typed: Any = "",
        *,
        channel: Channel,
        locale: str = "ja",
        **options: Any,
    ) -> list[tuple[str, Any]]:
        """Return the (shown name, value) offered while `typed` stands in option `focused`."""
        given = {name: id_of(one) for name, one in options.items()} | {focused: typed}
        answered = self.call(
            "slash",
            user=user,
            command=command,
            channel=channel,
            options=given,
            focused=focused,
            locale=locale,
            seconds=5.0,
        )
        return [(choice["name"], choice["value"]) for choice in answered["choices"]]

    def press(
        self, user: User, message: Message, custom_id: str, *, values: list[str] | None = None, locale: str = "ja"
    ) -> Answer:
        """Press a button under a message of the bot, or choose `values` in its menu."""
        return self._answer(
            self.call(
                "press", user=user, message=message, custom_id=custom_id, values=values, locale=locale, seconds=20.0
            )
        )

    @staticmethod
    def _answer(answered: Json) -> Answer:
        messages = [Message.read(form) for form in answered["messages"]]
        deferred = answered["first_type"] in (5, 6)
        return Answer(answered["first_seconds"], answered["final_seconds"], deferred, messages, answered["token"])
