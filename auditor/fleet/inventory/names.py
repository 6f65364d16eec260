"""What other programs call the platforms that st-audit reads."""

from __future__ import annotations

from typing import Final

from auditor.baseline.document import nearest
from auditor.deployment.firewalls import PLATFORMS
from auditor.errors import UsageError

__all__ = ["declared", "from_network_os", "from_slug"]

_NETWORK_OS: Final = {
    "asa": "cisco_asa",
    "cisco.asa.asa": "cisco_asa",
    "ios": "cisco_ios",
    "cisco.ios.ios": "cisco_ios",
    "nxos": "cisco_nxos",
    "cisco.nxos.nxos": "cisco_nxos",
    "iosxr": "cisco_iosxr",
    "cisco.iosxr.iosxr": "cisco_iosxr",
    "junos": "juniper_junos",
    "junipernetworks.junos.junos": "juniper_junos",
    "fortios": "fortinet_fortios",
    "fortinet.fortios.fortios": "fortinet_fortios",
    "panos": "paloalto_panos",
    "paloaltonetworks.panos.panos": "paloalto_panos",
}
"""`ansible_network_os` of the collections' network modules, with and without their namespace."""

_SLUGS: Final = {
    "asa": "cisco_asa",
    "cisco-asa": "cisco_asa",
    "ftd": "cisco_ftd",
    "cisco-ftd": "cisco_ftd",
    "cisco-firepower": "cisco_ftd",
    "ios": "cisco_ios",
    "cisco-ios": "cisco_ios",
    "ios-xe": "cisco_ios",
    "iosxe": "cisco_ios",
    "cisco-ios-xe": "cisco_ios",
    "cisco-iosxe": "cisco_ios",
    "nxos": "cisco_nxos",
    "nx-os": "cisco_nxos",
    "cisco-nxos": "cisco_nxos",
    "cisco-nx-os": "cisco_nxos",
    "iosxr": "cisco_iosxr",
    "ios-xr": "cisco_iosxr",
    "cisco-iosxr": "cisco_iosxr",
    "cisco-ios-xr": "cisco_iosxr",
    "junos": "juniper_junos",
    "juniper-junos": "juniper_junos",
    "juniper-srx": "juniper_junos",
    "fortios": "fortinet_fortios",
    "fortinet-fortios": "fortinet_fortios",
    "fortigate": "fortinet_fortios",
    "panos": "paloalto_panos",
    "pan-os": "paloalto_panos",
    "paloalto-panos": "paloalto_panos",
    "palo-alto-panos": "paloalto_panos",
    "palo-alto-pan-os": "paloalto_panos",
}
"""Slugs of NetBox platforms as sites write them; NetBox itself prescribes none."""


def from_network_os(name: str) -> str | None:
    """Give the platform of an `ansible_network_os`, None for one that st-audit does not read."""
    return _NETWORK_OS.get(name.strip().lower())


def from_slug(slug: str) -> str | None:
    """Give the platform of a NetBox platform's slug, None for one that is not known; our own ids are slugs too."""
    own = slug.replace("-", "_")
    return _SLUGS.get(slug) or (own if own in PLATFORMS else None)


def declared(name: str, *, file: str, line: int | None, key: str) -> str:
    """Check a platform id that was written for st-audit; raises UsageError with the nearest spelling."""
    if name not in PLATFORMS:
        raise UsageError(
            f"no platform is called {name}", file=file or None, line=line, key=key, hint=nearest(name, PLATFORMS)
        )
    return name
