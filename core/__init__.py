"""Wiring of the house: settings, routes, the admin site, and `up`, which runs all of it on one machine."""
