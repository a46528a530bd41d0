"""Practice sessions and their recordings, which the analysis function listens to."""
