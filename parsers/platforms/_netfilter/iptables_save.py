"""Lines of iptables-save into tables, chains and rules; a rule is its options in order, as `-m` and `-j` group them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from parsers.errors import ParserError
from parsers.model.capture import Lines, Span
from parsers.platforms._netfilter.plain_lines import PlainLines, SaveRules

if TYPE_CHECKING:
    from parsers.model.capture import Document

__all__ = ["Option", "Save", "SaveChain", "SaveRule", "SaveTable", "read_save"]

_WORD = re.compile(r'(?P<not>!)(?=\s|$)|"(?P<string>(?:[^"\\]|\\.)*)"|(?P<open>")|(?P<word>\S+)')
_COUNTERS = re.compile(r"\[\d+:\d+\]")
_POLICIES = frozenset({"ACCEPT", "DROP", "-"})
_ATTACHED = re.compile(r"-[sdiopfjgmAI].+")
"""An option with its value in one word, which iptables-save never writes and iptables-restore mostly refuses."""
_LONG = {
    "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i",
    "--out-interface": "-o", "--protocol": "-p", "--proto": "-p", "--fragment": "-f", "--match": "-m",
    "--jump": "-j", "--goto": "-g", "--append": "-A", "--insert": "-I", "--source-port": "--sport",
    "--destination-port": "--dport", "--source-ports": "--sports", "--destination-ports": "--dports",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option with its arguments, negated by a `!` before it (or, as it was once written, behind it).

    `doubtful` tells that a word too much stands before it, which may have been its negation.
    """

    name: str
    arguments: tuple[str, ...] = ()
    negated: bool = False
    doubtful: bool = field(default=False, compare=False)

    @property
    def argument(self) -> str:
        """Give the one argument; raises ValueError for none or several."""
        if len(self.arguments) != 1:
            raise ValueError(f"{self.name} {' '.join(self.arguments)}".rstrip())
        return self.arguments[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveRule:
    """One rule: its matches by module (the first, nameless one holds -s, -d, -i, -o, -p), and its target."""

    matches: tuple[tuple[str, tuple[Option, ...]], ...]
    target: str = ""
    goto: bool = False
    options: tuple[Option, ...] = ()
    span: Span = field(compare=False)
    text: str = field(default="", compare=False)


@dataclass(slots=True, kw_only=True)
class SaveChain:
    """A chain; only those of the kernel have a policy."""

    name: str
    policy: str | None
    span: Span
    rules: SaveRules


@dataclass(slots=True, kw_only=True)
class SaveTable:
    """A table with its chains; `whole` once its COMMIT was read."""

    name: str
    span: Span
    chains: dict[str, SaveChain] = field(default_factory=dict)
    whole: bool = False


@dataclass(slots=True, kw_only=True)
class Save:
    """A whole document. `native` tells whether it comes from the nf_tables back end, None where it does not say.

    `foreign` are tables that the nf_tables back end found but cannot say (nft has to), `unread` lines that are none.
    `plain` holds the words of plain lines.
    """

    index: int
    plain: PlainLines
    tables: list[SaveTable] = field(default_factory=list)
    native: bool | None = None
    foreign: set[str] = field(default_factory=set)
    unread: list[tuple[Span, str]] = field(default_factory=list)
    ends: int = 0


def read_save(index: int, document: Document) -> Save:
    """Read a document; raises ParserError for a line that can be no part of iptables-save."""
    every = Lines(document.text)

    def one(number: int) -> SaveRule:
        found = _read(every.cut(number, number).strip(), Span(document=index, first=number, last=number))
        if found is None:
            raise RuntimeError(f"{document.name}:{number} is plain, and no rule")
        return found

    save = Save(index=index, plain=PlainLines(lambda text: _read(text, Span(document=index, first=1, last=1)), one))
    table: SaveTable | None = None
    for number, line in enumerate(document.lines(), 1):
        text = line.strip()
        if _plain(save, table, text, number):
            continue
        span = Span(document=index, first=number, last=number)
        if not text:
            continue
        if text.startswith("#"):
            _comment(save, text)
        elif text.startswith("*"):
            table = SaveTable(name=text[1:], span=span)
            if any(known.name == table.name for known in save.tables):
                raise ParserError(
                    f"table {table.name} comes twice: these are two rulesets in one file",
                    document=document.name,
                    line=number,
                    hint="save one with: iptables-save",
                )
            save.tables.append(table)
        elif text == "COMMIT":
            if table is not None:
                table.whole = True
            table = None
        elif table is None:
            raise ParserError(
                "a rule outside a table",
                document=document.name,
                line=number,
                hint="this should be what iptables-save prints",
            )
        elif text.startswith(":"):
            words = text[1:].split()
            if len(words) < 2:
                raise ParserError("a chain without a policy", document=document.name, line=number)
            table.chains[words[0]] = _chain(save, table, words, span, document)
        else:
            _rule(save, table, text, span, document)
    return save


def _chain(save: Save, table: SaveTable, words: list[str], span: Span, document: Document) -> SaveChain:
    """Open a chain; raises ParserError for what iptables-restore refuses or, a second time, takes in its own way."""
    name, policy = words[:2]
    if name in table.chains:
        raise ParserError(
            f"chain {name} comes twice, or behind a rule of its own",
            document=document.name,
            line=span.first,
            hint="save what is in force with: iptables-save",
        )
    if policy not in _POLICIES:
        raise ParserError(f"{policy} is no policy of a chain", document=document.name, line=span.first)
    policy_in_force = None if policy == "-" else policy
    return SaveChain(name=name, policy=policy_in_force, span=span, rules=SaveRules(save.plain))


def _comment(save: Save, text: str) -> None:
    if "Generated by" in text and save.native is None and re.search(r"v1\.[89]|v[2-9]|nf_tables|legacy", text):
        save.native = "nf_tables" in text
    if "Completed on" in text:
        save.ends += 1
    found = re.search(r"Table [`'](\S+)' .*incompatible", text)
    if found:
        save.foreign.add(found[1])


def _read(text: str, span: Span) -> SaveRule | None:
    """Read the rule of a line by itself, None where it is none."""
    options = _options(_words(_COUNTERS.sub("", text, count=1).strip() if text.startswith("[") else text) or [])
    return None if _place(options) is None or _refused(options) else _grouped(options[1:], span, text)


def _plain(save: Save, table: SaveTable | None, text: str, number: int) -> bool:
    """Take a line if it is a plain one of a known chain."""
    plain = save.plain.take(text) if table is not None and text.startswith(("-A", "[")) else None
    if table is None or plain is None or plain[0] not in table.chains:
        return False
    table.chains[plain[0]].rules.append(number, plain[1])
    return True


def _rule(save: Save, table: SaveTable, text: str, span: Span, document: Document) -> None:
    words = _words(_COUNTERS.sub("", text, count=1).strip() if text.startswith("[") else text)
    if words is None:
        raise ParserError("a quotation mark is not closed", document=document.name, line=span.first)
    options = _options(words)
    place = _place(options)
    if place is None or _refused(options):
        save.unread.append((span, text))
        return
    name, before = place
    if name not in table.chains:
        raise ParserError(
            f"a rule of a chain {name} that no line above declares",
            document=document.name,
            line=span.first,
            hint="its policy is not known; save what is in force with: iptables-save",
        )
    listed = table.chains[name].rules
    listed.insert(len(listed) if before is None else before, _grouped(options[1:], span, text))


def _refused(options: list[Option]) -> bool:
    targets = sum(option.name in {"-j", "-g"} for option in options)
    return targets > 1 or any(_ATTACHED.fullmatch(option.name) for option in options)


def _place(options: list[Option]) -> tuple[str, int | None] | None:
    """Give the chain that a line adds to, and before which rule (from 0): `-A chain`, `-I chain [number]`."""
    if not options or not options[0].arguments:
        return None
    name, *rest = options[0].arguments
    if options[0].name == "-A" and not rest:
        return name, None
    if options[0].name == "-I" and len(rest) < 2 and all(word.isdecimal() and int(word) > 0 for word in rest):
        return name, int(rest[0]) - 1 if rest else 0
    return None


def _words(text: str) -> list[tuple[str, bool]] | None:
    """Give words with whether each is a value whatever it looks like (it was quoted); None for an open quote."""
    found: list[tuple[str, bool]] = []
    for part in _WORD.finditer(text):
        if part["open"]:
            return None
        if part["string"] is not None:
            found.append((re.sub(r"\\(.)", r"\1", part["string"]), True))
        else:
            found.append((part.group(), False))
    return found


def _options(words: list[tuple[str, bool]]) -> list[Option]:
    found: list[Option] = []
    negated = False
    for index, (word, quoted) in enumerate(words):
        if word == "!" and not quoted:
            following = words[index + 1] if index + 1 < len(words) else ("", False)
            if following[0].startswith("-") and not following[1]:
                negated = True
            elif found:
                found[-1] = replace(found[-1], negated=True)
        elif word.startswith("-") and len(word) > 1 and not quoted and not word[1].isdigit():
            doubtful = bool(found) and len(found[-1].arguments) > 1
            found.append(Option(name=_LONG.get(word, word), negated=negated, doubtful=doubtful))
            negated = False
        elif found:
            last = found[-1]
            found[-1] = replace(last, arguments=(*last.arguments, word))
        else:
            found.append(Option(name="", arguments=(word,)))
    return found


def _grouped(options: list[Option], span: Span, text: str) -> SaveRule:
    matches: list[tuple[str, list[Option]]] = [("", [])]
    target, goto = "", False
    after: list[Option] | None = None
    for option in options:
        if option.name == "-m" and after is None:
            matches.append((" ".join(option.arguments), []))
        elif option.name in {"-j", "-g"} and after is None:
            target, goto = " ".join(option.arguments), option.name == "-g"
            after = []
        elif after is not None and option.name in {"-s", "-d", "-i", "-o", "-p", "-m", "-f"}:
            matches[0][1].append(option)
        elif after is not None:
            after.append(option)
        elif option.name in {"-s", "-d", "-i", "-o", "-p", "-f"}:
            matches[0][1].append(option)
        else:
            matches[-1][1].append(option)
    return SaveRule(
        matches=tuple((name, tuple(parts)) for name, parts in matches),
        target=target,
        goto=goto,
        options=tuple(after or ()),
        span=span,
        text=text,
    )
