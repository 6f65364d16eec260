"""The exact diff engine: what a firewall permits as sets of traffic, held against what is required and allowed."""
