"""Readers that do not read, many sockets, a long queue: what the house holds for them, in memory and in time."""
