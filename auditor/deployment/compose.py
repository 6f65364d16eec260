"""`st-audit init` without a terminal: its questions as data, and the commented file that answers make."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.baseline.conditions import Fact, answer
from auditor.baseline.document import nearest
from auditor.baseline.language import Baseline, OptionKind, OptionTerm, SetUpQuestion
from auditor.deployment.facts import Facts
from auditor.deployment.firewalls import PLATFORMS
from auditor.deployment.site import Group, Value
from auditor.errors import DeploymentError
from parsers.model.addresses import NONE, AddressSet

__all__ = ["FIREWALL_QUESTIONS", "NAME_QUESTION", "compose", "next_question", "parse_answer"]

NAME_QUESTION = SetUpQuestion(
    key="name", ask="Name of this deployment", example="acme-mft", comment="stands in reports"
)
FIREWALL_QUESTIONS = (
    SetUpQuestion(
        key="firewall.name", ask="Name of the firewall, empty for none yet", example="perimeter",
        comment="`st-audit host NAME` and --firewall NAME mean it",
    ),
    SetUpQuestion(
        key="firewall.platform", ask="Its platform", example="cisco_asa", comment="`st-audit platforms` lists them",
    ),
    SetUpQuestion(
        key="firewall.address", ask="Its address for SSH, empty if you audit saved files", example="198.51.100.1",
    ),
    SetUpQuestion(
        key="firewall.sides", ask="Who stands behind which interface, empty to derive it from its routes",
        example="outside=internet,partners dmz=edge,edge_vip inside=server,trusted",
        comment="an interface or zone, and the groups and networks behind it",
    ),
)  # fmt: skip
"""What is asked of a site whatever its baseline; the rest is asked by the baseline's vocabulary."""

_YES = {"yes": True, "y": True, "true": True, "on": True, "no": False, "n": False, "false": False, "off": False}


def next_question(baseline: Baseline, answers: Mapping[str, str]) -> SetUpQuestion | None:
    """Give the first question without an answer whose condition the answers so far meet; None when all are asked."""
    facts = _facts(baseline, answers)
    for item in (NAME_QUESTION, *baseline.vocabulary.questions, *FIREWALL_QUESTIONS):
        if item.key in answers:
            continue
        if item.key.startswith("firewall.") and item.key != "firewall.name" and not answers.get("firewall.name"):
            continue
        if answer(item.when, facts).holds is not False:
            return item
    return None


def parse_answer(baseline: Baseline, key: str, text: str) -> Any:
    """Read an answer as the value that the file holds, None for none; raises DeploymentError with what to answer."""
    text = text.strip()
    options = {option.path: option for option in baseline.vocabulary.options}
    option = options.get(key) or options.get(f"{key}.enabled")
    if not text:
        return None
    if key.startswith("groups."):
        return _addresses(key, text)
    if key == "firewall.platform" and text not in PLATFORMS:
        raise _wrong(key, f"no platform is called {text}", nearest(text, PLATFORMS))
    if key == "firewall.sides":
        return _sides(key, text)
    if option is None or key.startswith("firewall."):
        return text
    return _option_value(option, key, text)


def _option_value(option: OptionTerm, key: str, text: str) -> Any:
    if option.kind is OptionKind.FLAG:
        return _truth(key, text)
    if option.kind is OptionKind.TRANSFERS:
        return [{"to": ["internet"]}] if _truth(key, text) else None
    if option.kind is OptionKind.CHOICE and text not in option.choices:
        raise _wrong(key, f"{text} is none of {', '.join(option.choices)}", nearest(text, option.choices))
    if option.kind is OptionKind.PORTS and not re.fullmatch(r"\d+(-\d+)?([ ,]+\d+(-\d+)?)*", text):
        raise _wrong(key, f"{text} is not a port or a range of ports", "answer 40000-40099")
    if option.kind in {OptionKind.PORTS, OptionKind.GROUPS}:
        items = _words(text)
        return items[0] if len(items) == 1 and option.kind is OptionKind.PORTS else items
    return text


def _truth(key: str, text: str) -> bool:
    if text.lower() not in _YES:
        raise _wrong(key, f"{text} is neither yes nor no", "answer yes or no")
    return _YES[text.lower()]


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _addresses(key: str, text: str) -> list[str]:
    items = _words(text)
    for item in items:
        try:
            AddressSet.of(item)
        except ValueError as exc:
            raise _wrong(key, f"{item} is not an address, network or range", "answer 192.0.2.1, 192.0.2.0/24") from exc
    return items


def _sides(key: str, text: str) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for word in re.split(r"[\s;]+", text):
        side, equals, members = word.partition("=")
        if not equals or not side or not members:
            raise _wrong(key, f"{word} names nobody", "answer outside=internet dmz=edge,edge_vip inside=server,trusted")
        out[side] = members.split(",")
    return out


def _wrong(key: str, message: str, hint: str) -> DeploymentError:
    return DeploymentError(message, hint=hint, key=key)


def _facts(baseline: Baseline, answers: Mapping[str, str]) -> Any:
    values = {key: parse_answer(baseline, key, text) for key, text in answers.items()}
    paths = {option.path: option for option in baseline.vocabulary.options}
    written: dict[str, Value] = {}
    for key, value in values.items():
        path = key if key in paths else f"{key}.enabled"
        if path in paths and value is not None and paths[path].kind in {OptionKind.FLAG, OptionKind.CHOICE}:
            written[path] = value
    groups = {
        key.removeprefix("groups."): Group(name=key.removeprefix("groups."), addresses=AddressSet.of(*value))
        for key, value in values.items()
        if key.startswith("groups.") and value
    }
    facts = Facts(options=paths, written=written, groups=groups, internal=NONE, policy="standard")

    def look(path: str) -> Fact:
        return facts.fact(path)

    return look


@dataclass(slots=True)
class _Writer:
    """Lines of YAML with comments before what they explain."""

    lines: list[str]

    def comment(self, indent: int, text: str) -> None:
        if text:
            self.lines.append(f"{' ' * indent}# {text}")

    def put(self, indent: int, key: str, value: Any) -> None:
        self.lines.append(f"{' ' * indent}{key}: {_yaml(value)}")

    def head(self, indent: int, key: str) -> None:
        self.lines.append(f"{' ' * indent}{key}:")


def compose(
    answers: Mapping[str, str], baseline: Baseline, names: Iterable[str] = ("securetransport-5.5", "hygiene")
) -> str:
    """Write the deployment file that answers make, with comments that say what each of them switches on.

    `names` are the baselines as the file lists them. Raises DeploymentError for an answer that cannot be.
    """
    values = {key: parse_answer(baseline, key, text) for key, text in answers.items()}
    asked = {item.key: item for item in baseline.vocabulary.questions}
    out = _Writer(["# Who is who, what runs, and which firewalls stand between: what `st-audit` audits against."])
    out.comment(0, "Check it with `st-audit baseline show`; change it by hand whenever the site changes.")
    out.put(0, "version", 1)
    out.put(0, "name", values.get("name") or "unnamed")
    out.put(0, "baseline", list(names))
    _groups(out, values, asked, baseline)
    _topology(out, values, asked)
    _services(out, values, asked, baseline)
    _firewall(out, values)
    return "\n".join(out.lines) + "\n"


def _groups(out: _Writer, values: Mapping[str, Any], asked: Mapping[str, SetUpQuestion], baseline: Baseline) -> None:
    listed = {
        key.removeprefix("groups."): value for key, value in values.items() if key.startswith("groups.") and value
    }
    titles = {group.name: group.title for group in baseline.vocabulary.groups}
    if not listed:
        return
    out.lines.append("")
    out.head(0, "groups")
    for name, value in listed.items():
        question = asked.get(f"groups.{name}")
        out.comment(2, titles.get(name, ""))
        out.comment(2, question.comment if question else "")
        out.put(2, name, value)


def _topology(out: _Writer, values: Mapping[str, Any], asked: Mapping[str, SetUpQuestion]) -> None:
    chosen = {key: value for key, value in values.items() if key.startswith("topology.") and value is not None}
    if not chosen:
        return
    out.lines.append("")
    out.head(0, "topology")
    for key, value in chosen.items():
        out.comment(2, asked[key].comment if key in asked else "")
        out.put(2, key.removeprefix("topology."), value)


def _services(out: _Writer, values: Mapping[str, Any], asked: Mapping[str, SetUpQuestion], baseline: Baseline) -> None:
    titles = {service.name: service.title for service in baseline.vocabulary.services}
    chosen: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        if key.startswith("services.") and value is not None:
            _, name, *option = key.split(".")
            chosen.setdefault(name, {})[option[0] if option else "enabled"] = value
    if not chosen:
        return
    out.lines.append("")
    out.comment(0, "A service that is not listed is off: its rows are neither required nor allowed.")
    out.head(0, "services")
    for name, options in chosen.items():
        for key in options:
            question = asked.get(f"services.{name}" if key == "enabled" else f"services.{name}.{key}")
            about = titles.get(name, name) if key == "enabled" else key
            out.comment(2, f"{about}: {question.comment}" if question else "")
        out.put(2, name, options["enabled"] if set(options) == {"enabled"} else {"enabled": True, **options})


def _firewall(out: _Writer, values: Mapping[str, Any]) -> None:
    name = values.get("firewall.name")
    if not name:
        return
    out.lines.append("")
    out.head(0, "firewalls")
    out.head(2, name)
    for key in ("platform", "address"):
        if values.get(f"firewall.{key}"):
            out.put(4, key, values[f"firewall.{key}"])
    sides = values.get("firewall.sides")
    if not sides:
        out.comment(4, "sides are derived from interfaces and routes; declare them where routing is dynamic:")
        out.comment(4, "sides: {outside: [internet], dmz: [edge, edge_vip], inside: [server, trusted]}")
        return
    out.head(4, "sides")
    for side, members in sides.items():
        out.put(6, side, members)


def _yaml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return f"[{', '.join(_yaml(item) for item in value)}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    text = str(value)
    plain = re.fullmatch(r"[A-Za-z0-9_./][A-Za-z0-9_./ -]*", text) and text.lower() not in {*_YES, "null", "~"}
    return text if plain and (not text.isdecimal() or isinstance(value, int)) else '"' + text.replace('"', '\\"') + '"'
