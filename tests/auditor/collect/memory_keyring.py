"""A keyring in memory, in the place of the operating system's."""

from __future__ import annotations

import keyring.backend
import keyring.errors

__all__ = ["MemoryKeyring"]


class MemoryKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory; `locked` makes it refuse."""

    priority = 1  # keyring's own way to rank backends

    def __init__(self, entries: dict[tuple[str, str], str], *, locked: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self.entries = entries
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        """Give an entry, as keyring's backends do."""
        if self.locked:
            raise keyring.errors.KeyringLocked
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep an entry."""
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Drop an entry."""
        del self.entries[service, username]
