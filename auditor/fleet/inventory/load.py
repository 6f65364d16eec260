"""From an inventory file, whosever it is, to the firewalls of a run."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from auditor.baseline.document import Document, decode, nearest, parse
from auditor.deployment.site import Deployment, FirewallEntry, Ssh
from auditor.errors import UsageError
from auditor.fleet.inventory import ansible, netbox, ours
from auditor.fleet.inventory.values import Inventory, Listed

__all__ = ["joined", "limited", "load", "of_deployment"]

_INI: Final = re.compile(r"^\[[^\]\n]+\]\s*$", re.MULTILINE)


def load(path: Path, deployment: Deployment) -> Inventory:
    """Load an inventory: ours, Ansible's (YAML, or --list) or NetBox's (JSON); which it is, its content says.

    Raises UsageError with file and line.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot be read: {error.strerror}", file=path, key="--inventory", hint="check the path"
        ) from error
    document = _document(decode(raw, str(path), UsageError), str(path))
    data = document.data
    if isinstance(data, dict) and "version" in data:
        found = ours.read(document, deployment)
    elif netbox.looks_like(data):
        found = netbox.read(document)
    elif ansible.looks_like(data):
        found = ansible.read(document)
    elif isinstance(data, dict) and "firewalls" in data:
        found = ours.read(document, deployment)  # it says that the version is missing
    else:
        raise UsageError(
            "this is no inventory that st-audit knows",
            file=path,
            hint="give its own (version: 1, firewalls: ...), Ansible's in YAML, or NetBox's devices in JSON",
        )
    _once(found)
    return found


def of_deployment(deployment: Deployment) -> tuple[Listed, ...]:
    """Give a deployment's own firewalls; by their platform they are found too."""
    return tuple(Listed(entry=entry) for entry in deployment.firewalls)


def joined(inventory: Inventory, deployment: Deployment) -> tuple[Listed, ...]:
    """Give an inventory's firewalls, each with what the deployment says of the one of its name.

    The inventory says where a firewall is and how it is reached, the deployment who stands around it; what neither
    says is derived from the firewall's interfaces and routes.
    """
    known = {entry.name: entry for entry in deployment.firewalls}
    return tuple(
        replace(item, entry=_over(item.entry, known[item.entry.name])) if item.entry.name in known else item
        for item in inventory.listed
    )


def limited(listed: Sequence[Listed], patterns: Sequence[str]) -> tuple[Listed, ...]:
    """Give the firewalls whose name or tag fits a pattern (`*`, `?`, `[]`); one that begins with `!` takes away.

    Raises UsageError for a pattern that fits nothing: a run over nothing would look like a good one.
    """
    if not patterns:
        return tuple(listed)
    wanted = [text for text in patterns if not text.startswith("!")]
    unwanted = [text.removeprefix("!") for text in patterns if text.startswith("!")]
    for text in (*wanted, *unwanted):
        if not any(_fits(item, text) for item in listed):
            words = {word for item in listed for word in (item.entry.name, *item.tags)}
            raise UsageError(
                f"no firewall is called or tagged {text}",
                key="--limit",
                hint=nearest(text, words) if len(words) <= 50 else "name a firewall, a group or a tag of the inventory",
            )
    return tuple(
        item
        for item in listed
        if (not wanted or any(_fits(item, text) for text in wanted)) and not any(_fits(item, text) for text in unwanted)
    )


def _document(text: str, file: str) -> Document:
    if text.lstrip()[:1] in {"{", "["} and not _INI.search(text):
        try:
            return Document(file=file, data=json.loads(text))
        except (ValueError, RecursionError) as error:
            line = error.lineno if isinstance(error, json.JSONDecodeError) else None
            why = error.msg if isinstance(error, json.JSONDecodeError) else "it is too deep, or a number too long"
            raise UsageError(f"this is no JSON: {why}", file=file, line=line, hint="export it again") from error
    if (section := _INI.search(text)) is not None and not re.match(r"\s*(---|[\w-]+:\s*$)", text):
        raise UsageError(
            "this is an Ansible inventory in INI form",
            file=file,
            line=text.count("\n", 0, section.start()) + 1,
            hint=f"let Ansible itself read it: ansible-inventory -i {Path(file).name} --list --yaml > inventory.yaml",
        )
    return parse(text, file=file, error=UsageError, ignored=ansible.TAGS)


def _once(inventory: Inventory) -> None:
    seen: dict[str, FirewallEntry] = {}
    for item in inventory.listed:
        if item.entry.name in seen:
            raise UsageError(
                f"the inventory lists {item.entry.name} twice",
                file=inventory.file or None,
                line=item.entry.line,
                hint="names tell firewalls apart in reports and drift: give each its own",
            )
        seen[item.entry.name] = item.entry


def _over(entry: FirewallEntry, known: FirewallEntry) -> FirewallEntry:
    usual = Ssh()
    fields: dict[str, Any] = {
        name: getattr(entry.ssh, name) if getattr(entry.ssh, name) != getattr(usual, name) else getattr(known.ssh, name)
        for name in ("port", "user", "fingerprint", "jump", "legacy")
    }
    return replace(
        known,
        platform=entry.platform or known.platform,
        address=entry.address or known.address,
        ssh=Ssh(**fields),
        context=entry.context or known.context,
        hostname=entry.hostname or known.hostname,
        sides=entry.sides or known.sides,
        ignore_interfaces=entry.ignore_interfaces or known.ignore_interfaces,
        local=entry.local or known.local,
    )


def _fits(item: Listed, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(word, pattern) for word in (item.entry.name, *item.tags))
