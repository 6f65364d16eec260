"""The common rule model: what every platform's configuration is turned into, and its naive interpreter."""
