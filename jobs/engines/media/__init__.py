"""Recordings that people send: what they are by their content, and their sound as plain samples.

kind = sniff(file)                                  # kinds.py: by the first bytes, never by a name
seconds = probe(file, kind, ...).seconds            # reading.py: child.py counts, and decodes nothing
samples = decode(file, kind, max_seconds=3600, ...)  # reading.py: child.py decodes
"""
