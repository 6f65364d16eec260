"""What a report was made from, as values: the captures, the site's files and what the user answered for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.capture.manifest import Origin
    from auditor.deployment.load import Overrides
    from parsers.model.capture import Capture

__all__ = ["Audited", "Evidence", "SiteFile", "SiteFiles", "Trend"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """One firewall's (redacted) capture and where it came from; without a capture it could not be collected.

    `kind` is `ssh` or `file`; `weak_algorithms` are those that the connection had to use.
    """

    firewall: str
    platform: str
    capture: Capture | None = None
    kind: str = "file"
    origin: Origin | None = None
    assume_complete: bool = False
    weak_algorithms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFile:
    """One file of the site: its path as the site wrote it, and its bytes."""

    path: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteFiles:
    """What describes the site: the deployment file (None: options alone), options over it, baselines and waivers.

    Each baseline is its name in the deployment and its files; a shipped one is copied too, since it is what was held
    against the firewall.
    """

    deployment: SiteFile | None
    overrides: Overrides
    baselines: tuple[tuple[str, tuple[SiteFile, ...]], ...] = ()
    waivers: SiteFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that an audit rests on; the same evidence gives the same report. `groups` are the site's, as text.

    `together` tells that each firewall was asked with the models of the others at hand (see auditor.audit.models).
    """

    audited: tuple[Audited, ...] = ()
    site: SiteFiles | None = None
    groups: tuple[tuple[str, tuple[str, ...]], ...] = ()
    together: bool = False

    def lines(self, firewall: str, file: str) -> tuple[str, ...]:
        """Give the lines of one document of a firewall's capture, none where it is not known."""
        for item in self.audited:
            if item.firewall == firewall and item.capture is not None:
                for document in item.capture.documents:
                    if document.name == file:
                        return tuple(document.lines())
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One stored run in a row of several: when, what its findings came to by severity, and how many are waived."""

    as_of: str
    findings: tuple[tuple[str, int], ...]
    waived: int = 0
