"""The runtime's admin: tasks. base.py holds the class that every admin of the house derives from.

Loaded by Django's autodiscovery, in the web process.
"""

from jobs.runtime.admin import hidden, tasks

__all__ = ["hidden", "tasks"]
