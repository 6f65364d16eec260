"""The evidence bundle: a report with all that it rests on, in one archive that can be replayed."""
