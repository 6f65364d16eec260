"""A finding as an entry of the waivers file: YAML that a person completes, files and has approved."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from auditor.errors import UsageError
from auditor.export.words import icmp_types
from auditor.report.values import Kind
from auditor.waivers.values import WITHOUT_TRAFFIC

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.report.values import Box, Finding, FirewallReport

__all__ = ["HEAD", "Approval", "render"]

HEAD: Final = "version: 1\nwaivers:\n"
"""What a waivers file begins with; entries follow."""

_OF_ROWS: Final = frozenset({Kind.FORBIDDEN, Kind.EXTRA, Kind.MISSING, Kind.PARTIAL, Kind.NOT_ASSESSABLE})
"""Kinds whose rows say what the finding is; elsewhere they only say what the line is needed for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who accepts it, why and until the end of which day (UTC); raises UsageError for what is left empty."""

    reason: str
    owner: str
    approver: str
    ticket: str
    expires: date

    def __post_init__(self) -> None:
        """Demand a word everywhere."""
        for name in ("reason", "owner", "approver", "ticket"):
            if not getattr(self, name).strip():
                raise UsageError(
                    "is empty", key=f"--{name}", hint="every waiver says why, whose it is and who approved"
                )


def render(firewall: FirewallReport, finding: Finding, approval: Approval) -> str:
    """Give an entry that accepts exactly a finding's traffic; raises UsageError for what no waiver can accept."""
    from ruamel.yaml import YAML

    if not finding.traffic and finding.kind not in WITHOUT_TRAFFIC:
        raise UsageError(
            f"{finding.id} cannot be waived: it is bound to no traffic",
            hint="collect the whole configuration, or correct what was not understood",
        )
    entry: dict[str, Any] = {"firewall": firewall.name}
    if firewall.context:
        entry["context"] = firewall.context
    if finding.traffic:
        entry["kind"] = finding.kind.value
        if finding.rows and finding.kind in _OF_ROWS:
            entry["rows"] = _flow(list(finding.rows))
        entry["traffic"] = [_flow(box) for box in _gathered(finding.traffic)]
    else:
        entry["finding"] = finding.id
    entry |= {
        "reason": approval.reason,
        "owner": approval.owner,
        "approver": approval.approver,
        "ticket": approval.ticket,
        "expires": approval.expires.isoformat(),
    }
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 240  # a box is one line
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.allow_unicode = True
    out = io.StringIO()
    yaml.dump([entry], out)
    return "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _flow(value: Any) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        made: Any = CommentedMap({key: _flow(item) for key, item in value.items()})
    elif isinstance(value, list):
        made = CommentedSeq([_flow(item) for item in value])
    else:
        return value
    made.fa.set_flow_style()
    return made


def _gathered(boxes: Iterable[Box]) -> Iterator[dict[str, Any]]:
    """Give boxes as few entries: those that differ in their sources only become one."""
    groups: dict[Box, list[str]] = {}
    for box in boxes:
        view = box.translated and replace(box.translated, source="any")
        groups.setdefault(replace(box, source="", translated=view), []).append(box.source)
    for box, sources in groups.items():
        for ports in _ports(box):
            made = {"source": sources if len(sources) > 1 else sources[0], **_rest(box), **ports}
            if box.translated is not None:
                # No translation of ours changes type or code; the source is the sender's own in both views.
                seen = ports if box.icmp else next(_ports(box.translated))
                made["translated"] = {"source": "any", **_rest(box.translated), **seen}
            yield made


def _rest(box: Box) -> dict[str, Any]:
    return {"destination": box.destination, "protocol": box.protocol}


def _ports(box: Box) -> Iterator[dict[str, Any]]:
    if box.icmp:
        for kind, code in icmp_types(box.ports):
            yield {"type": _number(kind)} | ({} if code == "any" else {"code": _number(code)})
        return
    source_ports = {} if box.source_ports in {"", "any"} else {"source_ports": _number(box.source_ports)}
    yield {**source_ports, "ports": _number(box.ports or "any")}


def _number(text: str) -> int | str:
    return int(text) if text.isdigit() else text
