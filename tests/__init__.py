"""Tests, a folder per room, with flows/ (real processes) and benchmarks/ (ratios, run by hand)."""
