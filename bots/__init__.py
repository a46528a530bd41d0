"""The chat clients' wing: chat in, task out, answer back.

guilds    what the bots know of guilds and members, and what is to be said in them
discord   the bot that reads a text channel aloud in a voice channel
"""
