"""The deployment that a command works for: a file, options over it, or options alone; and which firewall is meant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from auditor.errors import UsageError

if TYPE_CHECKING:
    from auditor.cli.options import Adhoc, Site
    from auditor.deployment.load import Overrides
    from auditor.deployment.site import Deployment, FirewallEntry

__all__ = ["DEFAULT_FILE", "HOST", "by_platform", "entry_of", "file_of", "find", "named", "open_site", "overrides"]

DEFAULT_FILE: Final = Path("deployment.yaml")
HOST: Final = "HOST"
"""The argument that names a firewall or an address."""


def file_of(site: Site) -> Path | None:
    """Give the deployment file: the one that is named, else ./deployment.yaml if there is one."""
    if site.deployment is not None:
        return site.deployment
    return DEFAULT_FILE if DEFAULT_FILE.is_file() else None


def open_site(
    site: Site, adhoc: Adhoc, *, firewall: str | None = None, platform: str | None = None, address: str = ""
) -> Deployment:
    """Load the deployment; raises DeploymentError and BaselineError with everything that is wrong.

    `firewall`, `platform` and `address` describe the one firewall of options; with a file they do where the address is
    the firewall's name, which adds it to those of the file, else only `firewall` counts, for --side.
    """
    from auditor.deployment.load import from_options, load

    said = overrides(site, adhoc, firewall=firewall, platform=platform, address=address)
    file = file_of(site)
    if file is not None:
        return load(file, said)
    if not adhoc.groups:
        raise UsageError(
            "nothing says who is who",
            key="--deployment",
            hint=f"name a deployment file, put it at {DEFAULT_FILE} (`st-audit init` writes one), "
            "or give --edge, --server, --side, ...",
        )
    return from_options(
        groups=dict(said.groups),
        services=said.services,
        sets=said.sets,
        sides=said.sides,
        baselines=said.baselines,
        firewall=said.firewall,
        platform=said.platform,
        address=said.address,
    )


def overrides(
    site: Site, adhoc: Adhoc, *, firewall: str | None = None, platform: str | None = None, address: str = ""
) -> Overrides:
    """Give what options say besides or instead of the deployment file; see `open_site`."""
    from auditor.deployment.load import Overrides

    alone = file_of(site) is None or (bool(address) and firewall == address)
    return Overrides(
        groups=adhoc.groups,
        services=adhoc.services,
        sets=adhoc.settings,
        sides=adhoc.sides,
        baselines=site.baselines,
        firewall=firewall or "",
        platform=(platform or "") if alone else "",
        address=address if alone else "",
    )


def entry_of(host: str, site: Site) -> FirewallEntry | None:
    """Give the deployment's firewall of that name or address; None without a deployment, or where it has none."""
    from auditor.deployment.load import load

    file = file_of(site)
    return None if file is None else find(load(file), host)


def find(deployment: Deployment, host: str) -> FirewallEntry | None:
    """Give the firewall of a name or, failing that, the only one of an address."""
    by_name = [entry for entry in deployment.firewalls if entry.name == host]
    found = by_name or [entry for entry in deployment.firewalls if entry.address == host]
    return found[0] if len(found) == 1 else None


def named(deployment: Deployment, name: str, key: str = "--firewall") -> FirewallEntry:
    """Give the firewall of a name; raises UsageError listing those that there are. `key` is where it was named."""
    try:
        return deployment.firewall(name)
    except KeyError:
        raise _unknown(deployment, name, key) from None


def by_platform(deployment: Deployment, platform: str, name: str | None) -> FirewallEntry:
    """Give the named firewall, which must be of the platform, or else the only one of the platform."""
    if name is not None:
        entry = named(deployment, name)
        if entry.platform not in {"", platform}:
            raise UsageError(
                f"{name} is a {entry.platform} in the deployment, this configuration is of {platform}",
                key="--firewall",
                hint="name another firewall, or say --platform if the configuration was taken for what it is not",
            )
        return entry
    fitting = [entry for entry in deployment.firewalls if entry.platform in {"", platform}]
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(
            f"the deployment has no firewall of the platform {platform}",
            file=deployment.file or None,
            hint=_listed(deployment.firewalls),
        )
    raise UsageError(
        f"the deployment has {len(fitting)} firewalls of the platform {platform}",
        key="--firewall",
        hint=f"say which: --firewall {' | '.join(entry.name for entry in fitting)}",
    )


def _unknown(deployment: Deployment, name: str, key: str) -> UsageError:
    hint = _listed(deployment.firewalls)
    if key == HOST:
        hint += "; an address that it does not have needs --platform"
    return UsageError(f"the deployment has no firewall {name!r}", file=deployment.file or None, key=key, hint=hint)


def _listed(firewalls: tuple[FirewallEntry, ...]) -> str:
    words = ", ".join(f"{entry.name} ({entry.platform or 'any platform'})" for entry in firewalls)
    return f"it has: {words}" if words else "add it under `firewalls`"
