"""A live Linux host: every netfilter back end in force at once, its interfaces, routes and kernel settings.

Three rulesets can be in force side by side (nftables, iptables over nf_tables, iptables-legacy) and a packet must pass
all of them. Chains that iptables-save explains are taken from there: nft has no words for iptables' extensions.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Parsed, Platform, Recipe, RemarkKind
from parsers.errors import ParserError
from parsers.model.firewall import Assumption, Device
from parsers.platforms._netfilter import iptables_capture as ipt
from parsers.platforms._netfilter import nft_capture as nft
from parsers.platforms._netfilter.documents import COUNTED, SAVES, classify, ip_version
from parsers.platforms._netfilter.expressions import Place
from parsers.platforms._netfilter.host import build, not_collected
from parsers.platforms._netfilter.network import read_network
from parsers.platforms._netfilter.nft_syntax import Ruleset, TableBlock, Unread
from parsers.platforms._netfilter.notes import Notes
from parsers.platforms._netfilter.recognition import is_host

if TYPE_CHECKING:
    from parsers.model.capture import Capture, Document
    from parsers.model.rules import Stage
    from parsers.platforms._netfilter.documents import Documents
    from parsers.platforms._netfilter.iptables_meaning import SaveMeaning
    from parsers.platforms._netfilter.iptables_save import Save, SaveTable
    from parsers.platforms._netfilter.network import Network

__all__ = ["PLATFORM"]

_COMMANDS = (
    Command(text="nft -as list ruleset", name="nft", optional=True),
    Command(text="nft -js list ruleset", name="nft-json", optional=True),
    Command(text="iptables-save", name="iptables-save", optional=True),
    Command(text="ip6tables-save", name="ip6tables-save", optional=True),
    Command(text="iptables-legacy-save", name="iptables-legacy-save", optional=True),
    Command(text="ip6tables-legacy-save", name="ip6tables-legacy-save", optional=True),
    Command(text="ipset save", name="ipset", optional=True),
    Command(text="ip -d -j addr show", name="ip-addr"),
    Command(text="ip -j route show table all", name="ip-route"),
    Command(text="ip -j rule show", name="ip-rule"),
    Command(text="ip -6 -j rule show", name="ip-rule6", optional=True),
    Command(text="sysctl -a -r 'net.*(forward|rp_filter|conntrack_helper|bridge-nf-call)'", name="sysctls"),
    Command(text="uname -nr", name="release", optional=True),
    Command(text="nft -a list ruleset", name="nft-counters", optional=True, beside=True),
    *(Command(text=f"{name} -c", name=f"{name}-counters", optional=True, beside=True) for name in SAVES),
)
"""What is optional may be absent from a host; `_prove` says what must not be absent together."""
_RECIPE = Recipe(
    channel=Channel.EXEC,
    commands=_COMMANDS,
    allowed=tuple(re.escape(command.text) for command in _COMMANDS),
    privilege="root, or an account whose key runs the read-only wrapper (docs/accounts.md)",
    refusals=(
        r"(?m)^.*: (command )?not found$",
        r"Operation not permitted",
        r"Permission denied",
        r"you must be root",
        r"st-audit-wrapper: not allowed",
    ),
)
_WRAPPER = "let the account's key run the read-only wrapper as root: docs/accounts.md"
_FORBIDDEN = re.compile(
    r"Operation not permitted|Permission denied|you must be root|not allowed|a password is required"
)
_ABSENT = 127


def _judged(documents: Documents) -> Documents:
    """Leave out the listings that are there for their counts only: an account need not be allowed them."""
    return {name: found for name, found in documents.items() if name not in COUNTED}


def _usable(documents: Documents) -> Documents:
    """Leave out what a command that is not there, or was refused, has printed."""
    return {
        name: (index, document)
        for name, (index, document) in documents.items()
        if document.exit_status in {None, 0} or (name in SAVES and document.text.strip())
    }


def _parse(capture: Capture) -> Parsed:
    known = classify(capture)
    every = _judged(known)
    documents = _usable(every)
    if not set(documents) & {"nft", "nft-json", *SAVES}:
        raise ParserError(
            "no ruleset was collected from this host",
            document=capture.documents[0].name if capture.documents else None,
            hint=_WRAPPER,
        )
    notes = Notes(capture)
    for name, (index, _) in known.items():
        if name not in documents or name in {"ip-addr", "ip-route", "ip-rule", "ip-rule6", "release"}:
            notes.whole(index, modelled=name in documents)
    network = read_network(documents)
    place = Place(network=network)
    saves = ipt.in_force(ipt.read_saves(documents))
    found = nft.read_nft(documents) if {"nft", "nft-json"} & set(documents) else Ruleset()
    tables = nft.ip_tables(found)
    explained = _explained(tables, saves)
    ipt.note_marks(saves, place)
    nft.note_marks([_without(table, explained) for table in tables], place, notes)
    sets = ipt.read_sets(documents, saves, notes)
    ipt.account(documents, saves, notes)
    if "nft" in documents:
        nft.quiet(*documents["nft"], notes)
    nft.account(found, notes, bridged=network.bridged)
    if "nft" in documents and "nft-json" in documents:
        notes.whole(documents["nft-json"][0])
    if "sysctls" in documents:
        notes.whole(documents["sysctls"][0], modelled=False)
        for span in network.sysctl_spans.values():
            notes.modelled(span)
    saved = ipt.meanings(saves, place, sets, notes)
    _order(saved, found)
    ipt.note_exempt(saved, place)
    native = nft.meanings(tables, place, notes)
    bases = [base for meaning in saved for base in meaning.bases()]
    for meaning in native:
        key = meaning.table.family, meaning.table.name
        bases += [
            base for base in meaning.bases(-found.tables.index(meaning.table)) if (*key, base.name) not in explained
        ]
        nft.visit_unreached(meaning, skip=frozenset(name for *table, name in explained if tuple(table) == key))
    for table in tables:
        for chain in table.chains:
            if (table.family, table.name, chain.name) in explained and chain.span:
                notes.irrelevant(chain.span)
    helpers = [helper for meaning in saved for helper in meaning.helpers]
    helpers += [helper for meaning in native for helper in meaning.helpers]
    if network.sysctls.get("net.netfilter.nf_conntrack_helper") == "1":
        span = network.sysctl_spans["net.netfilter.nf_conntrack_helper"]
        notes.remark(
            RemarkKind.NOTE, "helpers are assigned to their ports automatically: nf_conntrack_helper = 1", span
        )
    return build(
        "linux",
        bases,
        network,
        notes,
        helpers=tuple(helpers),
        objects=(*(item for meaning in native for item in meaning.sets.objects.values()), *sets.objects.values()),
        assumptions=_assumptions(every, network),
        first=_absent(every, documents),
        device=_device(documents),
    )


def _order(saved: list[SaveMeaning], found: Ruleset) -> None:
    """Say where the tables of iptables stand at equal priority: of all that nft lists, the newest comes first."""
    places = {(table.family, table.name): -number for number, table in enumerate(found.tables)}
    for meaning in saved:
        family = "ip" if meaning.version == 4 else "ip6"
        if meaning.save.native:
            meaning.orders = {table.name: places.get((family, table.name), 0) for table in meaning.save.tables}


def _assumptions(every: Documents, network: Network) -> tuple[Assumption, ...]:
    found: list[Assumption] = []
    if "nft" not in every or every["nft"][1].exit_status == _ABSENT:
        found.append(Assumption(text="there are no nftables rules", why="nft is not installed on the host"))
    if network.bridged:
        found.append(
            Assumption(
                text="traffic between ports of a bridge is not judged", why="it passes bridge filters, not routing"
            )
        )
    return tuple(found)


def _absent(every: Documents, documents: Documents) -> tuple[Stage, ...]:
    """Give stages for an IP version of which neither nft nor iptables was asked."""
    if "nft" in documents or "nft-json" in documents:
        return ()
    return tuple(
        stage
        for version, command in ((4, "iptables-save"), (6, "ip6tables-save"))
        if not any(name in documents and ip_version(name) == version for name in SAVES)
        and not (command in every and every[command][1].exit_status == _ABSENT)
        for stage in not_collected(version, command)
    )


def _device(documents: Documents) -> Device:
    words = documents["release"][1].text.split() if "release" in documents else []
    return Device(hostname=words[0], version=words[1]) if len(words) == 2 else Device()


# -- what iptables-save explains ------------------------------------------------------------------------


def _saved_tables(saves: dict[str, Save]) -> dict[tuple[str, str], SaveTable]:
    """Give the tables that the nf_tables back end of iptables listed, by family and name."""
    return {
        ("ip" if ip_version(name) == 4 else "ip6", table.name): table
        for name, save in saves.items()
        if save.native and "legacy" not in name
        for table in save.tables
    }


def _explained(tables: list[TableBlock], saves: dict[str, Save]) -> frozenset[tuple[str, str, str]]:
    """Give the nft chains (family, table, name) that iptables-save lists as well."""
    saved = _saved_tables(saves)
    return frozenset(
        (table.family, table.name, chain.name)
        for table in tables
        for chain in table.chains
        if (table.family, table.name) in saved and chain.name in saved[table.family, table.name].chains
    )


def _without(table: TableBlock, explained: frozenset[tuple[str, str, str]]) -> TableBlock:
    kept = tuple(chain for chain in table.chains if (table.family, table.name, chain.name) not in explained)
    return replace(table, chains=kept)


def _miscounted(found: Ruleset, saves: dict[str, Save]) -> str | None:
    """Give a chain of which nft and iptables-save list different numbers of rules."""
    saved = _saved_tables(saves)
    for table in nft.ip_tables(found):
        other = saved.get((table.family, table.name))
        for chain in table.chains if other else ():
            twin = other.chains.get(chain.name) if other else None
            if twin is not None and len(twin.rules) != len(chain.rules):
                return (
                    f"chain {chain.name} of table {table.family} {table.name} has {len(chain.rules)} rules for nft "
                    f"and {len(twin.rules)} for iptables-save"
                )
    return None


def _unexplained(found: Ruleset, saves: dict[str, Save]) -> str | None:
    """Give a chain that uses an iptables extension which no document explains."""
    explained = _explained(nft.ip_tables(found), saves)
    for table in nft.ip_tables(found):
        for chain in _without(table, explained).chains:
            for line in chain.rules:
                if any(isinstance(item, Unread) and item.foreign for item in line.statements):
                    return f"chain {chain.name} of table {table.family} {table.name}"
    return None


# -- proof ----------------------------------------------------------------------------------------------


def _prove(capture: Capture) -> Completeness:
    every = _judged(classify(capture))
    refused = _refused(every)
    if refused is not None:
        return refused
    documents = _usable(every)
    try:
        saves = ipt.read_saves(documents)
        for name, save in saves.items():
            found = ipt.broken(name, save)
            if found is not None:
                return found
        read_network(documents)
        return _prove_rulesets(every, documents, ipt.in_force(saves))
    except ParserError as error:
        return Completeness(complete=False, reason=str(error), hint="collect the host again")


def _refused(every: Documents) -> Completeness | None:
    for name, (_, document) in every.items():
        if document.exit_status not in {None, 0, _ABSENT} and _FORBIDDEN.search(document.stderr or document.text):
            reason = f"no permission for {document.command or name}: {_first_line(document)}"
            return Completeness(complete=False, reason=reason, hint=_WRAPPER)
    for command in _RECIPE.commands:
        if not command.optional and (command.name not in every or every[command.name][1].exit_status not in {None, 0}):
            return Completeness(complete=False, reason=f"{command.text} gave nothing", hint="collect the host again")
    return None


def _first_line(document: Document) -> str:
    return (document.stderr or document.text).strip().partition("\n")[0]


def _prove_rulesets(every: Documents, documents: Documents, saves: dict[str, Save]) -> Completeness:
    hidden = ipt.legacy_hidden(every)
    if hidden is not None or any(
        document.exit_status not in {None, 0} and ipt.LEGACY_WARNING in every[name.replace("-legacy", "")][1].stderr
        for name, (_, document) in every.items()
        if "legacy" in name and name.replace("-legacy", "") in every
    ):
        return Completeness(
            complete=False,
            reason="legacy iptables tables are present and were not collected",
            hint="let the account run iptables-legacy-save and ip6tables-legacy-save",
        )
    if "nft" not in documents:
        native = [name for name, save in saves.items() if save.native]
        if native or not saves:
            return Completeness(
                complete=False,
                reason="the nftables ruleset was not listed" if saves else "no ruleset was listed",
                hint="install nftables on the host; the audit only lists with it",
            )
        return Completeness(complete=True)
    text = nft.read_document(*documents["nft"])
    if "nft-json" not in documents:
        return Completeness(complete=False, reason="nft -js list ruleset gave nothing", hint="collect the host again")
    different = nft.differences(text, nft.read_document(*documents["nft-json"]))
    reason = f"text and JSON of the ruleset differ: {different[0]}" if different else _miscounted(text, saves)
    if reason is not None:
        hint = "the ruleset changed meanwhile: collect it again"
        return Completeness(complete=False, reason=reason, hint=hint, changed=True)
    unexplained = _unexplained(text, saves)
    if unexplained is not None:
        return Completeness(
            complete=False,
            reason=f"{unexplained} uses an iptables extension that nft cannot say, and iptables-save did not explain",
            hint="let the account run iptables-save and ip6tables-save of the nf_tables back end",
        )
    return Completeness(complete=True)


PLATFORM = Platform(
    id="linux",
    title="Linux host (nftables and iptables together)",
    recognises=is_host,
    parse=_parse,
    prove=_prove,
    recipe=_RECIPE,
)
