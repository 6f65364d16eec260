"""Stored runs: reports, their rows and findings, hashes and redacted captures, in SQLite or PostgreSQL."""
