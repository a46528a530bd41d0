"""Whoever builds upon the house: what README.md tells them, done as it stands there."""
