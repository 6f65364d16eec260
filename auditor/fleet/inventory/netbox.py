"""NetBox: devices or virtual machines as its REST API gives them (`/api/dcim/devices/`), or its GraphQL API.

NetBox documentation, "REST API" (pages: count, next, results) and "Devices" (status, primary IP, platform, role).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from auditor.baseline.document import Document
from auditor.deployment.site import FirewallEntry, Ssh
from auditor.errors import UsageError
from auditor.fleet.inventory.names import declared, from_slug
from auditor.fleet.inventory.values import Inventory, LeftOut, Listed

__all__ = ["looks_like", "read"]

_LISTS: Final = ("device_list", "virtual_machine_list")
_OURS: Final = "st_audit"
"""The key of our own settings in a device's configuration context, and the prefix of its custom fields."""


def looks_like(data: object) -> bool:
    """Tell whether data could be an export of NetBox: pages of results, a list of devices, or GraphQL's answer."""
    if isinstance(data, dict):
        inside = data.get("data")
        return "results" in data or (isinstance(inside, dict) and any(name in inside for name in _LISTS))
    return isinstance(data, list) and all(isinstance(item, dict) for item in data)


def read(document: Document) -> Inventory:
    """Read an export; devices that are not active or of no platform of ours are left out.

    Raises UsageError for an export that is not whole: one page of several would leave firewalls out unseen.
    """
    listed: list[Listed] = []
    left_out: list[LeftOut] = []
    for number, device in enumerate(_devices(document.data, document.file)):
        found = _entry(device, number, document.file)
        if isinstance(found, LeftOut):
            left_out.append(found)
        else:
            listed.append(Listed(entry=found, tags=frozenset(_tags(device))))
    listed.sort(key=lambda item: item.entry.name)
    return Inventory(
        listed=tuple(listed),
        left_out=tuple(sorted(left_out, key=lambda item: item.name)),
        kind="netbox",
        file=document.file,
    )


def _devices(data: Any, file: str) -> Iterator[Mapping[str, Any]]:
    if isinstance(data, dict) and isinstance(data.get("data"), dict):
        for name in _LISTS:
            yield from data["data"].get(name) or ()
        return
    pages = [data] if isinstance(data, dict) else data
    if not all(isinstance(page.get("results"), list) for page in pages):
        yield from pages
        return
    found = [device for page in pages for device in page["results"]]
    counts = [page["count"] for page in pages if isinstance(page.get("count"), int)]
    if (counts and max(counts) > len(found)) or (not counts and pages[-1].get("next")):
        raise UsageError(
            f"the export is not whole: it holds {len(found)} of {max(counts, default=0) or 'more'} devices",
            file=file or None,
            hint="ask the API for all of them (?limit=0), or join its pages into one list",
        )
    yield from found


def _entry(device: Any, number: int, file: str) -> FirewallEntry | LeftOut:
    if not isinstance(device, dict):
        raise UsageError(
            "this is no device", file=file or None, key=f"results[{number}]", hint="export devices as JSON"
        )
    name = str(device.get("name") or device.get("display") or f"device-{device.get('id', number)}")
    status = _word(device.get("status"), "value").lower()
    if status not in {"", "active"}:
        return LeftOut(name=name, why=f"its status is {status}")
    ours = _settings(device)
    platform = str(ours.get("platform") or "")
    if platform:
        declared(platform, file=file, line=None, key=f"results[{number}].{_OURS}_platform")
    else:
        slug = _word(device.get("platform"), "slug").lower()
        if not slug:
            return LeftOut(name=name, why="it has no platform")
        known = from_slug(slug)
        if known is None:
            return LeftOut(name=name, why=f"its platform {slug} is none of st-audit's")
        platform = known
    port = ours.get("port") or 22
    if not isinstance(port, int) or not 1 <= port <= 65535:
        raise UsageError(
            f"{port!r} of {name} is no TCP port", file=file or None, key=f"results[{number}]", hint="write 22"
        )
    return FirewallEntry(
        name=name,
        platform=platform,
        address=_address(device),
        ssh=Ssh(
            port=port,
            user=str(ours.get("user") or ""),
            fingerprint=str(ours.get("fingerprint") or ""),
            jump=str(ours.get("jump") or ""),
            legacy=ours.get("legacy") is True,
        ),
        context=str(ours.get("context") or ""),
    )


def _settings(device: Mapping[str, Any]) -> dict[str, Any]:
    """Give what is written for us: in the configuration context, and over it in custom fields."""
    out: dict[str, Any] = {}
    for place in ("config_context", "local_context_data"):
        context = device.get(place)
        if isinstance(context, dict) and isinstance(context.get(_OURS), dict):
            out |= context[_OURS]
    fields = device.get("custom_fields")
    if isinstance(fields, dict):
        prefix = f"{_OURS}_"
        out |= {
            key.removeprefix(prefix): value
            for key, value in fields.items()
            if key.startswith(prefix) and value is not None
        }
    return out


def _address(device: Mapping[str, Any]) -> str:
    for key in ("primary_ip", "primary_ip4", "primary_ip6", "oob_ip"):
        text = _word(device.get(key), "address")
        if text:
            return text.partition("/")[0]
    return ""


def _tags(device: Mapping[str, Any]) -> Iterator[str]:
    for kind, keys in (("role", ("role", "device_role")), ("site", ("site",)), ("tenant", ("tenant",))):
        slug = next((word for key in keys if (word := _word(device.get(key), "slug"))), "")
        if slug:
            yield f"{kind}:{slug}"
    for tag in device.get("tags") or ():
        if slug := _word(tag, "slug"):
            yield f"tag:{slug}"


def _word(value: Any, key: str) -> str:
    """Give a nested object's word, or the word itself where it is not nested."""
    if isinstance(value, dict):
        value = value.get(key)
    return value if isinstance(value, str) else ""
