"""Timings against peers: `python -m tests.bench` (make bench)."""
