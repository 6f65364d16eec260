"""Collecting one firewall by its name in the deployment or by address."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.cli.connecting import budget, host_keys, reach
from auditor.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.capture.manifest import Origin
    from auditor.cli.options import Collecting
    from auditor.collect.session import Collected
    from auditor.deployment.site import FirewallEntry
    from parsers.contract import Platform

__all__ = ["fetch", "folder_of", "origin", "platform_of", "save"]


def platform_of(host: str, entry: FirewallEntry | None, chosen: str | None) -> Platform:
    """Give the platform to collect: --platform, or the deployment's; raises UsageError without either."""
    from parsers.registry import ids, platform

    name = chosen or (entry.platform if entry is not None else "")
    if not name:
        raise UsageError(f"nothing says what {host} is", key="--platform", hint=f"name one of: {', '.join(ids())}")
    if name not in ids():
        raise UsageError(f"this st-audit cannot read {name}", key="--platform", hint=f"it reads: {', '.join(ids())}")
    return platform(name)


def fetch(
    host: str, entry: FirewallEntry | None, platform: Platform, options: Collecting, *, encoding: str = "utf-8"
) -> Collected:
    """Collect a firewall's configuration, redacted and proven complete; raises CollectionError and UsageError."""
    from auditor.collect.session import collect

    way = reach(host, entry, options, encoding=encoding)
    assert way.credentials is not None  # noqa: S101 - always there but for `trust`
    return collect(
        way.target,
        way.credentials,
        platform=platform,
        host_keys=host_keys(options),
        jump_credentials=way.jump_credentials,
        budget=budget(options),
    )


def origin(collected: Collected) -> Origin:
    """Give where a collected capture came from, as its folder's manifest says it."""
    return collected.origin


def save(folder: Path, name: str, platform: Platform, collected: Collected) -> Path:
    """Save a capture under the folder, in one of the firewall's name; gives its path."""
    from auditor.capture.writing import write

    place = folder_of(folder, name)
    write(place, platform, collected.capture, firewall=name, origin=origin(collected))
    return place


def folder_of(folder: Path, name: str) -> Path:
    """Give the folder of a firewall's captures below another; what no file name may hold becomes a hyphen."""
    return folder / (re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "firewall")
