"""What a command or a button is handed, and what it gives back."""

from dataclasses import dataclass, field

import telegram

from bots.database import in_thread
from bots.telegram import intake


@dataclass(frozen=True)
class Asked:
    """A command. rest: what stands behind its name; language: ja or en."""

    message: telegram.Message
    user: telegram.User
    language: str
    name: str
    rest: str

    @property
    def user_id(self) -> str:
        return str(self.user.id)


@dataclass(frozen=True)
class Pressed:
    """A button. value: what stands behind its name."""

    user: telegram.User
    chat: telegram.Chat
    value: str
    bot: telegram.Bot

    async def language(self) -> str:
        return await in_thread(intake.language_of, self.user.id, self.user.language_code)


@dataclass(frozen=True)
class Answer:
    """buttons: words and data."""

    text: str
    buttons: list[tuple[str, str]] = field(default_factory=list)
