"""Where a login's credentials are found: by name, so that whoever connects finds them, and no secret travels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.collect.credentials import Credentials, for_jump, from_environment, from_file, jump_from_file
from auditor.collect.openssh_config import Resolved
from auditor.collect.target import Hop

__all__ = ["Login"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What to look into, in this order: these options, the environment (`ST_AUDIT_…`), a credentials file, the keyring.

    Paths are those of the machine that connects.
    """

    user: str | None = None
    key_file: Path | None = None
    agent: bool = False
    file: Path | None = None
    keyring: bool = False

    def credentials(
        self, firewall: str, found: Resolved, environ: Mapping[str, str], ask: Callable[[str], str] | None = None
    ) -> tuple[Credentials, tuple[Credentials, ...]]:
        """Give who logs in to a firewall, and who to each of its jump hosts; `ask` as in Credentials.

        Raises UsageError where nobody is named, and for a file or keyring that gives nothing.
        """
        own = from_environment(
            environ,
            user=self.user or found.target.user,
            key_file=self.key_file,
            agent=self.agent,
            ask=ask,
            base=from_file(self.file, firewall) if self.file is not None else None,
        )
        own = self._completed(replace(own, key_file=own.key_file or found.key_file), found.target)
        return own, tuple(
            self._jump(jump, key, own, environ)
            for jump, key in zip(found.target.jumps, found.jump_key_files, strict=True)
        )

    def _jump(self, jump: Hop, key: Path | None, firewall: Credentials, environ: Mapping[str, str]) -> Credentials:
        base = jump_from_file(self.file, jump.host) if self.file is not None else None
        return self._completed(for_jump(environ, firewall, base=base, key_file=key), jump)

    def _completed(self, credentials: Credentials, hop: Hop) -> Credentials:
        if not self.keyring:
            return credentials
        from auditor.collect.keyrings import from_keyring

        return from_keyring(credentials, hop)
