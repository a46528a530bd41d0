"""Slash commands and autocompletion: the question sent to the bot, and all he answers.

A command must be registered, as with Discord, or nobody can call it; its options get their types from there. The
first answer has three seconds, then the interaction is unknown. Used by rest.py (answers) and control.py (questions).
"""

import asyncio
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.discord_service import payloads
from tests.discord_service.command_options import Options, Unknown, descend
from tests.discord_service.gateway import Gateway
from tests.discord_service.replies import Refusal, check_message
from tests.discord_service.world import Attachment, Channel, Message, User, World, moment

SLASH, COMPONENT, AUTOCOMPLETE = 2, 3, 4
MESSAGE_ANSWER, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES = 4, 5, 6, 7, 8
EPHEMERAL, LOADING = 1 << 6, 1 << 7
FIRST_ANSWER_SECONDS = 3.0
MAX_CHOICES = 25


@dataclass
class Interaction:
    """One question. choices: of an autocompletion. messages: answer and follow-ups. is_final: not only 'thinking'."""

    id: int
    token: str
    type: int
    guild_id: int
    channel_id: int
    sent_at: float
    message: Message | None = None  # the one whose button was pressed
    first_answer_at: float | None = None
    first_answer_type: int = 0
    choices: list[dict[str, Any]] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)
    original: Message | None = None
    is_final: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Interactions:
    def __init__(self, world: World, gateway: Gateway) -> None:
        self.world = world
        self.gateway = gateway
        self.by_token: dict[str, Interaction] = {}

    # Questions

    def ask(
        self,
        command: Mapping[str, Any],
        path: list[str],
        *,
        user: User,
        channel: Channel,
        options: Mapping[str, Any],
        focused: str | None = None,
        locale: str,
    ) -> Interaction:
        """
        Send INTERACTION_CREATE.

        path: the words below the command's name; options: raw values by name; focused: the option to be completed.
        Raises Unknown for what the person is not shown or cannot type.
        """
        guild = self.world.guilds[channel.guild_id]
        needed = int(command.get("default_member_permissions") or 0)
        if guild.permissions(user.id, channel) & needed != needed:
            raise Unknown(f"{user.username} is not shown {command['name']!r}")
        leaf, wrap = descend(command, path)
        resolved: dict[str, dict[str, Any]] = {}
        given = Options(self.world, guild, self.gateway.cdn, resolved).forms(leaf, options, focused)
        for name, kind in reversed(wrap):
            given = [{"name": name, "type": kind, "options": given}]
        data = {"id": command["id"], "name": command["name"], "type": 1, "options": given, "resolved": resolved}
        return self.send(AUTOCOMPLETE if focused else SLASH, data, user=user, channel=channel, locale=locale)

    def press(
        self, message: Message, custom_id: str, *, user: User, locale: str, values: list[str] | None
    ) -> Interaction:
        """Press a button, or choose `values` of a menu, under a message of the bot."""
        found = next((one for one in _components(message.components) if one.get("custom_id") == custom_id), None)
        channel = self.world.channel(message.channel_id)
        if found is None or channel is None:
            raise Unknown(f"no {custom_id!r} under that message")
        data = {"custom_id": custom_id, "component_type": found["type"], **({"values": values} if values else {})}
        return self.send(COMPONENT, data, user=user, channel=channel, locale=locale, message=message)

    def send(
        self,
        kind: int,
        data: dict[str, Any],
        *,
        user: User,
        channel: Channel,
        locale: str,
        message: Message | None = None,
    ) -> Interaction:
        guild = self.world.guilds[channel.guild_id]
        token = secrets.token_urlsafe(32)
        interaction = Interaction(self.world.snowflake(), token, kind, guild.id, channel.id, time.monotonic(), message)
        self.by_token[token] = interaction
        form = {
            "id": str(interaction.id),
            "application_id": str(self.world.bot.id),
            "type": kind,
            "token": token,
            "version": 1,
            "guild_id": str(guild.id),
            "channel_id": str(channel.id),
            "channel": payloads.channel(channel),
            "member": payloads.member(guild.members[user.id])
            | {"permissions": str(guild.permissions(user.id, channel))},
            "app_permissions": str(guild.permissions(self.world.bot.id, channel)),
            "locale": locale,
            "guild_locale": guild.locale,
            "entitlements": [],
            "authorizing_integration_owners": {"0": str(guild.id)},
            "context": 0,
            "attachment_size_limit": 10 * 1024 * 1024,
            "data": data,
        }
        if message is not None:
            form["message"] = payloads.message(message, self.world, self.gateway.cdn)
        # Sent whatever the intents; to the guild's shard only.
        self.gateway.dispatch("INTERACTION_CREATE", form, guild_id=guild.id, intent=-1)
        return interaction

    # Answers

    def first_answer(self, interaction: Interaction, body: dict[str, Any], files: list[Attachment]) -> dict[str, Any]:
        data = body.get("data") or {}
        check_message(data)
        interaction.first_answer_at = time.monotonic()
        interaction.first_answer_type = kind = body["type"]
        told: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
        resource: dict[str, Any] = {"type": kind}
        if kind == CHOICES:
            if len(data["choices"]) > MAX_CHOICES:
                raise Refusal(400, 50035, "Invalid Form Body")
            interaction.choices = data["choices"]
            interaction.is_final = True
        elif kind in (MESSAGE_ANSWER, DEFERRED):
            message = interaction.original = self._message(interaction, data, files)
            message.flags |= LOADING if kind == DEFERRED else 0
            interaction.messages.append(message)
            interaction.is_final = kind == MESSAGE_ANSWER
            told |= {
                "response_message_id": str(message.id),
                "response_message_loading": kind == DEFERRED,
                "response_message_ephemeral": bool(message.flags & EPHEMERAL),
            }
            resource["message"] = payloads.message(message, self.world, self.gateway.cdn)
            self.tell(message, "MESSAGE_CREATE")
        elif kind in (UPDATE, DEFERRED_UPDATE) and interaction.message is not None:
            message = interaction.original = interaction.message
            interaction.messages.append(message)
            interaction.is_final = kind == UPDATE
            if kind == UPDATE:
                _fill(message, data, files)
                self.tell(message, "MESSAGE_UPDATE")
        interaction.changed.set()
        return {"interaction": told, "resource": resource}

    def answered(self, token: str, message: Message) -> None:
        """The original answer, or a follow-up, was edited."""
        message.flags &= ~LOADING
        message.edited_at = moment()
        self._finish(self.by_token[token])
        self.tell(message, "MESSAGE_UPDATE")

    def follow_up(self, token: str, body: dict[str, Any], files: list[Attachment]) -> Message:
        """Add a message; the first one after 'thinking' takes its place, as with Discord."""
        interaction = self.by_token[token]
        original = interaction.original
        if original is not None and original.flags & LOADING:
            _fill(original, body, files)
            self.answered(token, original)
            return original
        message = self._message(interaction, body, files)
        interaction.messages.append(message)
        self._finish(interaction)
        self.tell(message, "MESSAGE_CREATE")
        return message

    def forget(self, token: str, message: Message) -> None:
        interaction = self.by_token[token]
        interaction.messages = [one for one in interaction.messages if one is not message]
        self.world.messages.pop(message.id, None)
        self._finish(interaction)

    def message_of(self, match: Mapping[str, str]) -> Message:
        """Return the message of `.../{token}/messages/{message}`; `@original` is the first answer."""
        interaction = self.by_token.get(match["token"])
        if interaction is None:
            raise Refusal(404, 10015, "Unknown Webhook")
        if match["message"] == "@original":
            found = interaction.original
        else:
            found = next((one for one in interaction.messages if one.id == int(match["message"])), None)
        if found is None:
            raise Refusal(404, 10008, "Unknown Message")
        return found

    def tell(self, message: Message, event: str) -> None:
        """Dispatch a message, unless only one person sees it."""
        if not message.flags & EPHEMERAL:
            form = payloads.message(message, self.world, self.gateway.cdn)
            self.gateway.dispatch_message(event, form, guild_id=message.guild_id)

    async def wait(self, interaction: Interaction, *, seconds: float) -> None:
        """Wait for the final answer; the first has three seconds. Raises TimeoutError, and nothing is taken then."""
        try:
            while interaction.first_answer_at is None:
                await asyncio.wait_for(
                    interaction.changed.wait(), interaction.sent_at + FIRST_ANSWER_SECONDS - time.monotonic()
                )
        except TimeoutError:
            del self.by_token[interaction.token]
            raise
        async with asyncio.timeout(seconds):
            while not interaction.is_final:
                interaction.changed.clear()
                await interaction.changed.wait()

    def _message(self, interaction: Interaction, data: dict[str, Any], files: list[Attachment]) -> Message:
        bot = self.world.bot
        message = Message(self.world.snowflake(), interaction.channel_id, interaction.guild_id, bot, type=20)
        message.webhook_id = bot.id
        _fill(message, data, files)
        self.world.messages[message.id] = message
        return message

    @staticmethod
    def _finish(interaction: Interaction) -> None:
        interaction.is_final = True
        interaction.changed.set()


def _fill(message: Message, data: dict[str, Any], files: list[Attachment]) -> None:
    check_message(data)
    message.content = data.get("content") or ""
    message.embeds = data.get("embeds") or []
    message.components = data.get("components") or []
    message.allowed_mentions = data.get("allowed_mentions")
    message.flags = data.get("flags") or message.flags & EPHEMERAL
    message.attachments = files


def _components(of: Iterable[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for one in of:
        yield one
        yield from _components(one.get("components", []))
