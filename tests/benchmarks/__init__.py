"""Ratios, side by side in one interleaved run: `uv run python -m tests.benchmarks NAME`. Not part of the tests."""
