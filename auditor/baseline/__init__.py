"""Baselines: what a product needs from the firewalls around it, as data, and the rows that come of it for one site."""
