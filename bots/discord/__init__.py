"""The Discord bot: slash commands and messages in, sound out. The only room that knows discord.py."""
