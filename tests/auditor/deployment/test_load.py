"""A deployment file and options: what is read, and how each mistake is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.baseline.rows import Requirement
from auditor.deployment.load import Overrides, from_options, load
from auditor.deployment.resolve import rows
from auditor.deployment.site import Deployment, FirewallEntry
from auditor.errors import BaselineError, DeploymentError
from parsers.model.addresses import AddressSet
from parsers.model.conditions import ConditionKind

SITE = """\
version: 1
name: acme-mft
baseline: [securetransport-5.5, hygiene]
groups:
  edge: [192.0.2.11, 192.0.2.12]
  edge_vip: [192.0.2.10]
  server: [10.20.0.11]
  trusted: [10.0.0.0/8]
  mail: [10.30.0.25]
  snmp_masters: [10.30.0.162]
  partners: [203.0.113.0/24]
internal: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
policy: standard
topology:
  edge: load-balanced
  streaming: true
  cluster: none
  outbound_via: socks
services:
  ftp: {enabled: true, tls: both, data: static, passive: true, passive_ports: 40000-40099, active: true}
  http: false
  https: true
  ssh: {enabled: true, from: [partners], ports: [22]}
  admin: {enabled: true, from: [trusted]}
  mail: true
ports: {"5": [8443]}
accept: [fqdn, schedule]
assume: {known-bad-ips: blocklist, partner-fqdn: [203.0.113.7]}
firewalls:
  perimeter:
    platform: cisco_asa
    address: 198.51.100.1
    peer: 198.51.100.2
    sides: {outside: [internet, partners], dmz: [edge, edge_vip], inside: [server, trusted, mail, snmp_masters]}
    ignore_interfaces: [management]
paths: [[perimeter, somebody-elses]]
"""


def written(tmp_path: Path, text: str) -> Deployment:
    """Write a deployment file and load it."""
    path = tmp_path / "site.yaml"
    path.write_text(text)
    return load(path)


def refused(tmp_path: Path, text: str) -> DeploymentError:
    """Give the error of a deployment file."""
    with pytest.raises(DeploymentError) as caught:
        written(tmp_path, text)
    assert caught.value.exit_code == 2
    return caught.value


def row(deployment: Deployment, row_id: str) -> Any:
    """Give a row by id."""
    return next(item for item in rows(deployment) if item.id == row_id)


def test_the_documented_file_is_read(tmp_path: Path) -> None:
    """The example of the documentation means what it says."""
    found = written(tmp_path, SITE)

    assert found.name == "acme-mft"
    assert [name for name, _ in found.baseline.parts] == ["securetransport-5.5", "hygiene"]
    assert found.addresses("edge") == AddressSet.of("192.0.2.11-192.0.2.12")
    assert found.accept == {ConditionKind.FQDN, ConditionKind.SCHEDULE}
    assert [(item.name, item.addresses and str(item.addresses)) for item in found.assume] == [
        ("known-bad-ips", None),
        ("partner-fqdn", "203.0.113.7"),
    ]
    entry = found.firewall("perimeter")
    assert (entry.platform, entry.address, entry.ignore_interfaces) == ("cisco_asa", "198.51.100.1", ("management",))
    assert entry.peer
    assert entry.peer.address == "198.51.100.2"
    assert [side.name for side in entry.sides] == ["outside", "dmz", "inside"]
    assert found.paths == (("perimeter", "somebody-elses"),)
    assert row(found, "5").ports == "8443"
    assert len(found.sha256) == 64


CHANGES = [
    # unknown and misspelt keys
    ("topology:", "topologie:", 14, "the key topologie is not known here", "did you mean topology?"),
    ("  https: true", "  htps: true", 22, "the key htps is not known here", "did you mean https?"),
    ("passive_ports:", "pasive_ports:", 20, "the key pasive_ports is not known here", "did you mean passive_ports?"),
    ("platform: cisco_asa", "platform: cisco-asa", 31, "no platform is called cisco-asa", "did you mean cisco_asa?"),
    ("policy: standard", "policy: strict", 13, "strict is none of standard, secure-only", "standard"),
    ("edge: load-balanced", "edge: loadbalanced", 15, "loadbalanced is none of", "did you mean load-balanced?"),
    ('{"5": [8443]}', '{"50": [8443]}', 26, "no row is called 50", "did you mean 5?"),
    ("accept: [fqdn, schedule]", "accept: [fqdns]", 27, "fqdns is no kind of condition", "fqdn"),
    ("from: [partners]", "from: [partner]", 23, "the group partner is not listed", "did you mean partners?"),
    ("dmz: [edge, edge_vip]", "dmz: [edge, edge_vipp]", 34, "edge_vipp is neither a group", "did you mean edge_vip?"),
    ("baseline: [securetransport-5.5", "baseline: [securetransport-5.4", 3, "there is no baseline", "5.5?"),
    # YAML's traps
    ("streaming: true", "streaming: on", 16, "on is a word in YAML 1.2", "write true instead of on"),
    ("http: false", "http: no", 21, "no is a word in YAML 1.2", "write false instead of no"),
    ("[10.20.0.11]", "\n    - 2001:db8::", 8, "2001:db8:: ends in a colon", 'write it in quotes: "2001:db8::"'),
    ("[10.20.0.11]", "2001:db8::", 7, "2001:db8:: ends in a colon", 'write it in quotes: "2001:db8::"'),
    ("policy: standard", "name: again", 13, "the key name stands in line 2 already", "keep one"),
    ('{"5": [8443]}', '{"5": [8443], 5: [443]}', 26, '5 and "5" are the same key', "keep one"),
    # values
    ("[192.0.2.10]", "[192.0.2.300]", 6, "192.0.2.300 is not an address", "192.0.2.0/24"),
    ("[203.0.113.0/24]", "[203.0.113.7/24]", 11, "203.0.113.7/24 has host bits set", "203.0.113.0/24"),
    ("passive_ports: 40000-40099", "passive_ports: 40099-40000", 20, "not within 0-65535", "40000-40099"),
    ("ports: [22]", "ports: []", 23, "the list of ports is empty", "leave the key out"),
    ("[192.0.2.10]", "[]", 6, "no address is listed", "leave the key out"),
    ("version: 1", "version: 3", 1, "version 3 is not known", "write version: 1"),
    ("https: true", "https: 443", 22, "443 does not say whether the service runs", "true, false"),
    # contradictions and lacks
    ("edge: load-balanced", "edge: none", 15, "topology.edge is none, but the group edge lists hosts", "edge: single"),
    ("edge: load-balanced", "edge: single", 15, "the group edge_vip lists one", "leave the group edge_vip out"),
    ("[10.20.0.11]", "[10.20.0.11, 10.20.0.12]", 17, "more than one Server", "cluster: standard"),
    ("passive_ports: 40000-40099, ", "", 20, "passive FTP needs its port range", "passive_ports: 40000-40099"),
    ("data: static", "data: inspected", 20, "cannot read an encrypted control connection", "tls: none"),
    ("from: [trusted]", "from: [internet]", 24, "must not be reached from the Internet", "[trusted]"),
    ("  mail: [10.30.0.25]\n", "", 33, "the group mail is not listed under groups", "mail: [...]"),
    ("[192.0.2.10]", "[192.0.2.11, 192.0.2.12]", 6, "edge and edge_vip have the same addresses", "leave edge_vip out"),
    ("ignore_interfaces: [management]", "ignore_interfaces: [dmz]", 34, "a side and ignored as well", "take it out"),
    (
        "[[perimeter, somebody-elses]]",
        "[[perimetre]]",
        36,
        "no firewall is called perimetre",
        "did you mean perimeter?",
    ),
]


@pytest.mark.parametrize(("old", "new", "line", "message", "hint"), CHANGES, ids=[change[1] for change in CHANGES])
def test_each_mistake_is_told_with_its_line_and_what_to_write(
    tmp_path: Path, old: str, new: str, line: int, message: str, hint: str
) -> None:
    """One change to a good file gives one clear error."""
    assert old in SITE
    path = tmp_path / "site.yaml"
    path.write_text(SITE.replace(old, new, 1))
    with pytest.raises((DeploymentError, BaselineError)) as caught:
        load(path)

    assert (caught.value.file, caught.value.line) == (str(path), line)
    assert message in caught.value.message
    assert hint in caught.value.hint
    assert caught.value.exit_code == 2


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """A wrong key, a wrong value and a wrong name come together, in file order."""
    text = SITE.replace("https: true", "htps: true").replace("streaming: true", "streaming: on")
    error = refused(tmp_path, text.replace("dmz: [edge, edge_vip]", "dmz: [edge, nobody]"))

    assert [error.line, *(other.line for other in error.others)] == [16, 22, 34]


def test_a_required_row_names_the_group_that_nobody_lists(tmp_path: Path) -> None:
    """Mail without a mail server is refused with the row that needs it."""
    text = SITE.replace("  mail: [10.30.0.25]\n", "").replace(", mail, snmp_masters]", ", snmp_masters]")
    error = refused(tmp_path, text)

    assert "row 15 (Mail from ad hoc transfers) needs the group mail, which nobody lists" in error.message
    assert error.line == 4


def test_a_row_without_ports_names_the_option(tmp_path: Path) -> None:
    """Outbound AS2 has no default port."""
    error = refused(tmp_path, SITE.replace("  mail: true", "  as2: {outbound: [{to: [partners]}]}"))

    assert "row 38 (Outbound AS2) needs services.as2.outbound.ports" in error.message


@pytest.mark.parametrize("row_id", ["5", 5])
def test_row_ids_may_be_numbers_or_text(row_id: object) -> None:
    """6 and "6" mean the same row."""
    site = {"version": 1, "groups": {"server": ["10.20.0.11"]}, "services": {"https": True}, "ports": {row_id: 8443}}

    assert row(load(site), "5").ports == "8443"


@pytest.mark.parametrize("site", [{"preset": "non-root"}, {"ports": {"preset": "non-root"}}], ids=["beside", "within"])
def test_the_preset_may_stand_beside_or_within_ports(site: dict[str, Any]) -> None:
    """Both readings of the documentation are accepted."""
    found = load({"version": 1, "groups": {"server": ["10.20.0.11"]}, "services": {"https": True}, **site})

    assert row(found, "5").ports == "8443"


def test_options_alone_make_a_deployment() -> None:
    """--edge, --server, --service, --set and --side describe a site without a file."""
    found = from_options(
        groups={"edge": ["192.0.2.11,192.0.2.12"], "edge_vip": ["192.0.2.10"], "server": ["10.20.0.11"]},
        services=["https", "http=off", "ftp=on"],
        sets=["services.ftp.passive_ports=40000-40099", "services.ftp.active=off", "ports.5=8443"],
        sides=["outside=internet", "dmz=edge,edge_vip", "inside=server"],
        platform="cisco_asa",
    )

    assert (row(found, "5").ports, row(found, "3").ports) == ("8443", "40000-40099")
    assert [row(found, name).requirement.value for name in ("1", "2", "4", "6")] == ["required", "off", "off", "off"]
    entry = found.firewalls[0]
    assert entry.platform == "cisco_asa"
    assert [side.name for side in entry.sides] == ["outside", "dmz", "inside"]


def test_options_change_a_file(tmp_path: Path) -> None:
    """An option wins over the file, and an option's mistake is not blamed on the file."""
    path = tmp_path / "site.yaml"
    path.write_text(SITE)

    changed = load(path, Overrides(services=("ssh=off",), sets=("services.ftp.tls=explicit",)))
    assert row(changed, "6").requirement is Requirement.OFF
    assert row(changed, "1").requirement is Requirement.REQUIRED

    with pytest.raises(DeploymentError) as caught:
        load(path, Overrides(sets=("services.ftp.tls=explicitly",)))
    assert (caught.value.file, caught.value.key) == (None, "services.ftp.tls")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"services": ["ssh=maybe"]}, "--service ssh=maybe is neither on nor off"),
        ({"sets": ["services.ssh.ports"]}, "--set services.ssh.ports has no value"),
        ({"sides": ["outside"]}, "--side outside names nobody"),
        ({"services": ["sssh"]}, "the key sssh is not known here"),
        ({"baselines": ["nothing"]}, "there is no baseline nothing"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    """Each option says what it wants."""
    with pytest.raises((DeploymentError, BaselineError), match=message):
        from_options(groups={"server": ["10.20.0.11"]}, **options)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """A missing file and a list in its place are told."""
    with pytest.raises(DeploymentError, match="cannot be read: No such file"):
        load(tmp_path / "nothing.yaml")
    assert "a deployment is a mapping" in refused(tmp_path, "- 1\n").message


def test_what_is_left_open_is_said_and_never_guessed() -> None:
    """An option that is null leaves its rows undecided, named with the option."""
    site = {"version": 1, "groups": {"server": ["10.20.0.11"]}, "services": {"https": None, "ssh": True}}
    found = load(site)

    assert row(found, "5").requirement is Requirement.ALLOWED
    assert row(found, "5").undecided == ("services.https.enabled",)
    assert row(found, "5").because == "undecided: services.https.enabled is left open"
    assert row(found, "6").undecided == ()

    through = load({**site, "topology": {"outbound_via": None, "edge": "single"}, "groups": {
        "server": ["10.20.0.11"], "edge": ["192.0.2.11"]}, "services": {"ssh": {"outbound": [{}]}}})  # fmt: skip
    assert row(through, "37").undecided == ("topology.outbound_via",)
    assert row(through, "37").source == "server, edge"


def test_site_rows_may_name_free_groups(tmp_path: Path) -> None:
    """A baseline beside the deployment file may name groups that only the deployment lists."""
    (tmp_path / "rows.yaml").write_text(
        "version: 1\nid: rows\nrows:\n"
        "  - {id: ntp, title: Time, source: [edge, server], destination: clocks, protocol: udp, ports: 123}\n"
    )
    text = SITE.replace("hygiene]", "hygiene, ./rows.yaml]").replace("groups:\n", "groups:\n  clocks: [10.9.0.1]\n")

    assert row(written(tmp_path, text), "ntp").requirement is Requirement.REQUIRED


def test_values_are_hashable() -> None:
    """A deployment's entries are values."""
    assert hash(FirewallEntry(name="a")) == hash(FirewallEntry(name="a", line=7))
    found = rows(load({"version": 1, "groups": {"server": ["10.20.0.11"]}}))
    assert len(set(found)) == len(found)
