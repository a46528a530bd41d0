"""The chat clients' wing: chat in, task out, answer back.

guilds    what the bots know of guilds and members, and what is to be said in them
discord   the bot that reads a text channel aloud in a voice channel
telegram  the bot that answers a text by a voice note, a voice note by its words

Beside them lies what both bots' processes need: lock.py (one active bot per token), database.py (rows from asyncio),
wordless.py (nobody's words in the log).
"""
