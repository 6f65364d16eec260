"""Firewall configurations into one common rule model: pure parsers, useful alone."""
