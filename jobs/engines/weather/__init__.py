"""Engines that tell the weather of one day at one place, and what is said of it. Plain Python: no Django, no queue."""
