"""Saved configurations as commands take them: read, recognised, redacted, parsed, with a word on completeness."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.capture.manifest import Manifest
    from auditor.cli.options import Collecting, Site
    from parsers.contract import Parsed, Platform
    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall

__all__ = ["Read", "context", "encoding", "host", "obtain", "one_firewall", "read", "warn_incomplete"]

encoding = click.option(
    "--encoding", metavar="NAME", default="utf-8", help="How the configuration is written (default: utf-8)."
)
host = click.option("--host", metavar="HOST", help="Collect a firewall over SSH in place of reading a file.")
context = click.option(
    "--context", metavar="NAME", help="Which context, VDOM or vsys, where the capture holds several."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A capture whose platform is known and whose secrets are gone, and its folder's manifest, if it has one."""

    platform: Platform
    capture: Capture
    manifest: Manifest | None = None

    def parse(self) -> Parsed:
        """Give what the capture means; raises ParserError."""
        return self.platform.parse(self.capture)


def read(place: str, platform: str | None, encoding: str) -> Read:
    """Read a file, a folder or standard input (`-`); raises UsageError, NotAssessableError and DetectionError."""
    from auditor.capture.reading import read as read_saved
    from auditor.capture.redaction import redact

    saved = read_saved(place, encoding=encoding)
    capture = saved.capture if platform is None else replace(saved.capture, platform=platform)
    found = _recognised(capture)
    return Read(platform=found, capture=redact(found, capture), manifest=saved.manifest)


def obtain(
    place: str | None, host: str | None, platform: str | None, encoding: str, site: Site, options: Collecting
) -> Read:
    """Read a file, or collect a host; raises as `read` does, and CollectionError."""
    if (place is None) == (host is None):
        raise click.UsageError("name either FILE (or DIR, or -), or --host HOST")
    if place is not None:
        return read(place, platform, encoding)
    from auditor.cli.fetching import fetch, platform_of
    from auditor.cli.site import entry_of

    name = host or ""
    entry = entry_of(name, site)
    found = platform_of(name, entry, platform)
    return Read(platform=found, capture=fetch(name, entry, found, options, encoding=encoding).capture)


def _recognised(capture: Capture) -> Platform:
    """Give the capture's platform: which of several is the user's to say, but none is no configuration at all."""
    from auditor.errors import FailureKind, NotAssessableError
    from parsers import registry
    from parsers.errors import DetectionError

    try:
        return registry.detect(capture)
    except DetectionError as error:
        if capture.platform is None and not any(registry.platform(name).recognises(capture) for name in registry.ids()):
            raise NotAssessableError(error.message, kind=FailureKind.UNSUPPORTED, hint=error.hint) from error
        raise


def warn_incomplete(found: Read, logger: logging.Logger) -> None:
    """Warn, where a configuration does not prove to be whole; `flow` and `show` answer all the same."""
    proof = found.platform.prove(found.capture)
    if not proof.complete:
        logger.warning("no proof that the configuration is complete: %s", proof.reason)


def one_firewall(parsed: Parsed, context: str | None) -> Firewall:
    """Give the firewall of a context, or the only one; raises UsageError listing the contexts."""
    names = [firewall.context for firewall in parsed.firewalls]
    if context is None and len(parsed.firewalls) == 1:
        return parsed.firewalls[0]
    for firewall in parsed.firewalls:
        if firewall.context == context:
            return firewall
    listed = ", ".join(name or "(the system)" for name in names)
    if context is None:
        raise UsageError("the capture holds several contexts", key="--context", hint=f"name one of: {listed}")
    raise UsageError(f"there is no context {context!r}", key="--context", hint=f"there are: {listed}")
