"""The admin of the guilds: settings, dictionaries, members, and what the bot has to say where.

Every change goes through edit/, which checks it and tells the bots, and stands in the audit book.

Loaded by Django's autodiscovery, in the web process.
"""

from bots.guilds.admin import dictionary, guilds, members, said

__all__ = ["dictionary", "guilds", "members", "said"]
