"""Findings that somebody accepted, for what, by whom and until when: pure, over reports."""
