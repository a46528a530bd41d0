"""The rows of the Telegram room: an Update, a Message with its Parts, a Chat, a Preference."""

from bots.telegram.models.chat import Chat, Preference
from bots.telegram.models.message import OPEN, Kind, Message, Part, Role, Status
from bots.telegram.models.update import Update

__all__ = ["OPEN", "Chat", "Kind", "Message", "Part", "Preference", "Role", "Status", "Update"]
