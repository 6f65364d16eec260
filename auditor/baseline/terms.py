"""Conditions, endpoints and ports of a baseline file, checked against what the vocabulary has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import PydanticCustomError

from auditor.baseline.conditions import All, AnyOf, Is, Not, Term
from auditor.baseline.document import Path, Problems, nearest
from auditor.baseline.fields import ports_of
from auditor.baseline.language import WORDS, Endpoint, OptionKind, OptionTerm, PortTerm, Vocabulary
from auditor.baseline.schema import EndpointShape, PortShape
from auditor.baseline.shape import validated
from parsers.model.addresses import AddressSet

__all__ = ["ABSENT", "GIVEN", "Reader", "Scope", "is_literal"]

GIVEN, ABSENT = "given", "absent"
POLICIES = ("standard", "secure-only")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names that a file may use: option paths with their words, groups, roles, named conditions."""

    words: Mapping[str, frozenset[str]]
    options: Mapping[str, OptionTerm]
    groups: frozenset[str]
    roles: frozenset[str]
    presets: frozenset[str]
    named: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, vocabulary: Vocabulary, named: Mapping[str, Any], free_groups: frozenset[str]) -> Scope:
        """Make the scope of a vocabulary and of groups that only the deployment lists."""
        groups = frozenset(group.name for group in vocabulary.groups) | free_groups
        words: dict[str, frozenset[str]] = {"policy": frozenset(POLICIES)}
        for option in vocabulary.options:
            words[option.path] = _words(option, groups)
            words |= {f"{option.path}.{key}": frozenset({GIVEN, ABSENT}) for key in option.entry_ports}
        for name in groups:
            words[f"groups.{name}"] = frozenset({GIVEN, ABSENT})
            words[f"groups.{name}.count"] = frozenset({"none", "one", "several"})
            words[f"groups.{name}.inside"] = groups | {"internal"}
        return cls(
            words=words,
            options={option.path: option for option in vocabulary.options},
            groups=groups,
            roles=frozenset(role.name for role in vocabulary.roles),
            presets=frozenset(preset.name for preset in vocabulary.presets),
            named=named,
        )


def _words(option: OptionTerm, groups: frozenset[str]) -> frozenset[str]:
    if option.kind is OptionKind.FLAG:
        return frozenset({"true", "false"})
    if option.kind is OptionKind.CHOICE:
        return frozenset(option.choices)
    given = frozenset({GIVEN, ABSENT})
    return given | groups | {"internet"} if option.kind is OptionKind.GROUPS else given


def is_literal(name: str) -> bool:
    """Tell whether an endpoint is an address, network or range rather than a name."""
    try:
        AddressSet.of(name)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads raw values of one document within a scope; every error is noted, and something harmless stands in."""

    scope: Scope
    problems: Problems

    def condition(self, data: Any, path: Path, seen: frozenset[str] = frozenset()) -> Term | None:
        """Read a condition; None stands for always."""
        if data is None:
            return None
        if not isinstance(data, dict) or not data:
            self.problems.add(path, "a condition is a mapping", "write {services.http: true}")
            return None
        terms = [self._term(key, value, (*path, key), seen) for key, value in data.items()]
        found = tuple(term for term in terms if term is not None)
        return found[0] if len(found) == 1 else All(terms=found)

    def _term(self, key: str, value: Any, path: Path, seen: frozenset[str]) -> Term | None:
        if key in {"all", "any"}:
            items = value if isinstance(value, list) else [value]
            terms = [self.condition(item, (*path, index), seen) for index, item in enumerate(items)]
            found = tuple(term for term in terms if term is not None)
            return All(terms=found) if key == "all" else AnyOf(terms=found)
        if key == "not":
            inner = self.condition(value, path, seen)
            return Not(term=inner) if inner is not None else None
        if key == "is":
            return self._named(value, path, seen)
        return self._leaf(key, value, path)

    def _named(self, name: Any, path: Path, seen: frozenset[str]) -> Term | None:
        if name not in self.scope.named:
            self.problems.add(path, f"no condition is called {name}", nearest(str(name), self.scope.named))
            return None
        if name in seen:
            self.problems.add(path, f"the condition {name} is made of itself")
            return None
        return self.condition(self.scope.named[name], path, seen | {name})

    def _leaf(self, key: str, value: Any, path: Path) -> Is | None:
        full = f"{key}.enabled" if f"{key}.enabled" in self.scope.words else key
        known = self.scope.words.get(full)
        if known is None:
            self.problems.add(path, f"no option is called {key}", nearest(key, self.scope.words))
            return None
        items = value if isinstance(value, list) else [value]
        words = tuple(str(item).lower() if isinstance(item, bool) else str(item) for item in items)
        for word in words:
            if word not in known:
                self.problems.add(path, f"{key} is never {word}", nearest(word, known))
                return None
        return Is(path=full, words=words)

    def endpoint(self, data: Any, path: Path) -> Endpoint:
        """Read who is at one end of a row."""
        if isinstance(data, dict):
            shape, _ = validated(EndpointShape, data, self.problems, path)
        else:
            shape, _ = validated(EndpointShape, {"default": data}, self.problems, path)
        if shape is None:
            return Endpoint()
        known = self.scope.groups | self.scope.roles | WORDS
        for name in (*shape.default, *shape.sides_of):
            if name not in known and not is_literal(name):
                self.problems.add(path, f"no group is called {name}", _declare(name, known))
        self._option(shape.option, OptionKind.GROUPS, path)
        return Endpoint(defaults=shape.default, option=shape.option, entry=shape.entry, sides_of=shape.sides_of)

    def ports(self, data: Any, path: Path) -> tuple[PortTerm, ...]:
        """Read a row's ports: plain ones, or terms that say where they come from."""
        if data is None:
            return ()
        if isinstance(data, list) and any(isinstance(item, dict) for item in data):
            return tuple(self._port_term(item, (*path, index)) for index, item in enumerate(data))
        return (self._port_term(data, path),)

    def _port_term(self, data: Any, path: Path) -> PortTerm:
        if not isinstance(data, dict):
            try:
                return PortTerm(default=((0, 65535),) if data == "any" else ports_of(data))
            except PydanticCustomError as exc:
                context: Any = exc.context or {}
                self.problems.add(path, context.get("message", str(exc)), context.get("hint", ""))
                return PortTerm()
        shape, _ = validated(PortShape, data, self.problems, path)
        if shape is None:
            return PortTerm()
        self._option(shape.option, OptionKind.PORTS, path)
        for name in shape.presets:
            if name not in self.scope.presets:
                self.problems.add(path, f"no preset is called {name}", nearest(name, self.scope.presets))
        return PortTerm(
            default=shape.default, option=shape.option, entry=shape.entry, same_as=shape.same_as,
            presets=shape.presets, any_of=shape.any_of, any_ranges=shape.any,
            when=self.condition(shape.when, (*path, "when")),
        )  # fmt: skip

    def _option(self, name: str, kind: OptionKind, path: Path) -> None:
        if not name:
            return
        option = self.scope.options.get(name)
        if option is None:
            self.problems.add((*path, "option"), f"no option is called {name}", nearest(name, self.scope.options))
        elif option.kind is not kind:
            self.problems.add((*path, "option"), f"{name} holds {option.kind.value}, not {kind.value}")


def _declare(name: str, known: frozenset[str]) -> str:
    hint = nearest(name, known)
    if hint.startswith("did you mean"):
        return hint
    return f"declare it under vocabulary: groups:, or list it under the deployment's groups:; {hint}"
