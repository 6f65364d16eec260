"""What a deployment says at an option path, in the words of conditions, for each of its network zones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditor.baseline.conditions import Fact, answer
from auditor.baseline.language import OptionKind, OptionTerm
from auditor.baseline.terms import ABSENT, GIVEN
from auditor.deployment.site import Deployment, Group, Transfer, Value, Variant
from parsers.model.addresses import V6, AddressSet

__all__ = ["Facts", "Zone"]

_SEVERAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Answers the leaves of conditions for one network zone.

    `written` holds what the site wrote by option path (None: left open); a path that is not in it takes the default.
    """

    options: Mapping[str, OptionTerm]
    written: Mapping[str, Value]
    groups: Mapping[str, Group]
    internal: AddressSet
    policy: str

    def value(self, path: str, asking: frozenset[str] = frozenset()) -> Value:
        """Give an option's value, written or by default; None where it is left open or has none."""
        if path in self.written:
            return self.written[path]
        option = self.options[path]
        if option.name == "enabled":
            owner = path.removesuffix("enabled")
            return any(key.startswith(owner) for key in self.written)
        for when, default in option.defaults:
            if path in asking:
                return None
            if when is None or answer(when, lambda at: self.fact(at, asking | {path})).holds:
                return default
        return None

    def is_open(self, path: str) -> bool:
        """Tell whether the site leaves an option open."""
        return path in self.written and self.written[path] is None

    def fact(self, path: str, asking: frozenset[str] = frozenset()) -> Fact:
        """Give what is known at a path."""
        if path == "policy":
            return _fact(self.policy, f"policy is {self.policy}")
        if path.startswith("groups."):
            return self._group(path)
        if path not in self.options:
            return self._entries(*path.rsplit(".", 1))
        if self.is_open(path):
            text = f"{path} is left open"
            return Fact(sure=frozenset(), possible=frozenset({"?"}), text=text, open_path=path)
        value = self.value(path, asking)
        option = self.options[path]
        if option.name == "enabled":
            return _fact(str(bool(value)).lower(), f"{path.split('.')[1]} is {'on' if value else 'off'}")
        if option.kind is OptionKind.FLAG:
            return _fact(str(bool(value)).lower(), f"{path} is {str(bool(value)).lower()}")
        if option.kind is OptionKind.CHOICE:
            return _fact(str(value), f"{path} is {value}")
        if not value:
            return _fact(ABSENT, f"{path} is not given")
        names = value if option.kind is OptionKind.GROUPS and isinstance(value, tuple) else ()
        return _fact(GIVEN, f"{path} is given", *(str(name) for name in names))

    def _entries(self, path: str, key: str) -> Fact:
        entries = self.value(path)
        given = isinstance(entries, tuple) and any(
            isinstance(entry, Transfer) and key in dict(entry.ports) for entry in entries
        )
        return _fact(GIVEN if given else ABSENT, f"{path} has {'' if given else 'no '}{key}")

    def _group(self, path: str) -> Fact:
        _, name, *rest = path.split(".")
        group = self.groups.get(name)
        if rest == ["count"]:
            word = "none" if group is None else "several" if _count(group) >= _SEVERAL else "one"
            hosts = {"none": "no host", "one": "one host", "several": "several hosts"}[word]
            return _fact(word, f"{name} has {hosts}")
        if rest == ["inside"]:
            return self._inside(name, group)
        return _fact(GIVEN if group else ABSENT, f"the group {name} is {'' if group else 'not '}listed")

    def _inside(self, name: str, group: Group | None) -> Fact:
        if group is None:
            return Fact(sure=frozenset(), possible=frozenset(), text=f"the group {name} is not listed")
        others = {other.name: other.addresses for other in self.groups.values() if other.name != name}
        others["internal"] = self.internal
        whole = frozenset(other for other, held in others.items() if group.addresses and group.addresses <= held)
        part = frozenset(other for other, held in others.items() if group.addresses & held)
        if group.names:
            part |= frozenset(others)
            whole = frozenset()
        text = f"{name} is inside {', '.join(sorted(whole))}" if whole else f"{name} is inside no other group"
        if part - whole:
            text = f"{name} is partly inside {', '.join(sorted(part - whole))}"
        return Fact(sure=whole, possible=whole | part, text=text, open_path=f"groups.{name}")


def _fact(word: str, text: str, *more: str) -> Fact:
    words = frozenset({word, *more})
    return Fact(sure=words, possible=words, text=text)


def _count(group: Group) -> int:
    four = group.addresses & AddressSet.span(0, V6 - 1)
    return max(four.size, (group.addresses - four).size) + len(group.names)


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A deployment as one network zone sees it."""

    deployment: Deployment
    variant: Variant
    facts: Facts

    @classmethod
    def of(cls, deployment: Deployment, variant: Variant) -> Zone:
        """Make the view of one of the deployment's zones."""
        facts = Facts(
            options={option.path: option for option in deployment.baseline.vocabulary.options},
            written=dict(variant.written),
            groups={group.name: group for group in variant.groups},
            internal=deployment.internal,
            policy=deployment.policy,
        )
        return cls(deployment=deployment, variant=variant, facts=facts)
