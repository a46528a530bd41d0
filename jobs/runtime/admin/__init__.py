"""The runtime's admin: tasks, schedules, and the form that runs a function.

base.py holds the class that every admin of the house derives from.

Loaded by Django's autodiscovery, in the web process.
"""

from jobs.runtime.admin import hidden, schedules, tasks

__all__ = ["hidden", "schedules", "tasks"]
