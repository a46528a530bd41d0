"""Messages with buttons: pages to turn, a question to confirm. Only who asked may press, and only for a while.

Called by dictionary.py.
"""

from collections.abc import Awaitable, Callable, Sequence

import discord
from django.utils.translation import gettext as _

from bots.discord import words
from bots.discord.commands.exchange import (
    MAX_ANSWER_CHARACTERS,
    NOBODY,
    UNSENT,
    AlreadyAnswered,
    Exchange,
    answer_at_once,
    answering,
    log_unsent,
    sentence,
)

# Discord takes changes of an answer for 15 minutes after the last press.
OPEN_SECONDS = 300.0


class OwnView(discord.ui.View):
    """Buttons of the member who asked. interaction: the last one about this message, through which it is changed."""

    def __init__(self, interaction: discord.Interaction) -> None:
        super().__init__(timeout=OPEN_SECONDS)
        self.interaction = interaction

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        if interaction.user.id == self.interaction.user.id:
            self.interaction = interaction
            return True
        with words.speaking(interaction.locale):
            await answer_at_once(interaction, _("These buttons belong to somebody else. Ask for your own."))
        return False

    async def on_timeout(self) -> None:
        """Take the buttons away, which nobody would answer any more."""
        with words.speaking(self.interaction.locale):
            text = self.text_at_the_end()
        try:
            content = discord.utils.MISSING if text is None else text
            await self.interaction.edit_original_response(content=content, view=None, allowed_mentions=NOBODY)
        except UNSENT as error:
            log_unsent(self.interaction, error)

    def text_at_the_end(self) -> str | None:
        """Return what the message says once the time is over; None: what it said before."""
        return None

    async def on_error(
        self, interaction: discord.Interaction, error: Exception, item: discord.ui.Item[discord.ui.View]
    ) -> None:
        if isinstance(error, AlreadyAnswered):
            return
        with words.speaking(interaction.locale):
            await answer_at_once(interaction, sentence(interaction, error))


class Pages(OwnView):
    """A list that is too long for one message. Lines that do not fit into a page's message are cut by it."""

    def __init__(self, interaction: discord.Interaction, title: str, lines: Sequence[str]) -> None:
        super().__init__(interaction)
        self.title = title
        self.pages = _pages(lines, MAX_ANSWER_CHARACTERS - len(title) - 40)
        self.number = 0
        self._show_buttons()

    @property
    def text(self) -> str:
        count = len(self.pages)
        heading = self.title if count == 1 else f"{self.title} ({self.number + 1} / {count})"
        return "\n".join([heading, *self.pages[self.number]])

    @discord.ui.button(label="◀")
    async def back(self, interaction: discord.Interaction, button: discord.ui.Button["Pages"]) -> None:
        await self._turn(interaction, -1)

    @discord.ui.button(label="▶")
    async def forth(self, interaction: discord.Interaction, button: discord.ui.Button["Pages"]) -> None:
        await self._turn(interaction, 1)

    async def _turn(self, interaction: discord.Interaction, by: int) -> None:
        async with answering(interaction) as exchange:
            self.number = min(max(0, self.number + by), len(self.pages) - 1)
            self._show_buttons()
            await exchange.change(self.text, view=self)

    def _show_buttons(self) -> None:
        self.back.disabled = self.number == 0
        self.forth.disabled = self.number == len(self.pages) - 1


class Confirmation(OwnView):
    """
    A question before something that many will hear.

    act: what is done when it is confirmed, once however often the button is pressed; returns what to say.
    """

    def __init__(self, interaction: discord.Interaction, label: str, act: Callable[[Exchange], Awaitable[str]]) -> None:
        super().__init__(interaction)
        self.confirm.label = label
        self.cancel.label = _("Leave it")
        self._act = act
        self._is_decided = False

    @discord.ui.button(style=discord.ButtonStyle.success)
    async def confirm(self, interaction: discord.Interaction, button: discord.ui.Button["Confirmation"]) -> None:
        async with answering(interaction) as exchange:
            if await self._is_first(exchange):
                try:
                    text = await self._act(exchange)
                except Exception as error:
                    text = sentence(interaction, error)
                await self._close(exchange, text)

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def cancel(self, interaction: discord.Interaction, button: discord.ui.Button["Confirmation"]) -> None:
        async with answering(interaction) as exchange:
            if await self._is_first(exchange):
                await self._close(exchange, _("Nothing was changed."))

    def text_at_the_end(self) -> str | None:
        return _("Nobody decided, so nothing was changed.")

    async def _is_first(self, exchange: Exchange) -> bool:
        if self._is_decided:
            await exchange.say(_("That is decided already."))
            return False
        self._is_decided = True
        return True

    async def _close(self, exchange: Exchange, text: str) -> None:
        # Stopped only now: until the buttons are gone, whoever presses again is answered.
        await exchange.change(text, view=None)
        self.stop()


def _pages(lines: Sequence[str], most_characters: int, most_lines: int = 15) -> list[list[str]]:
    """Return the lines in pages; at least one page, be it empty."""
    pages: list[list[str]] = [[]]
    used = 0
    for line in lines:
        if pages[-1] and (len(pages[-1]) >= most_lines or used + len(line) + 1 > most_characters):
            pages.append([])
            used = 0
        pages[-1].append(line)
        used += len(line) + 1
    return pages
