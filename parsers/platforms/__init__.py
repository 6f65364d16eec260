"""The platforms: one module each, which ends in `PLATFORM = Platform(...)`."""
