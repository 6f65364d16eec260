"""`init` answered by a script: the questions asked, and the file that comes of the answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.baseline.load import load as load_baselines
from auditor.baseline.rows import Requirement
from auditor.deployment.compose import compose, next_question, parse_answer
from auditor.deployment.load import load
from auditor.deployment.resolve import rows
from auditor.errors import DeploymentError

BASELINE = load_baselines(["securetransport-5.5"])
NO = dict.fromkeys(
    ("services.http", "services.as2", "services.pesit", "services.snmp", "services.ldap", "services.internal_users"),
    "no",
)
SCRIPT = {
    "name": "acme: mft",
    "groups.server": "10.20.0.11",
    "groups.edge": "192.0.2.11, 192.0.2.12",
    "groups.edge_vip": "192.0.2.10 2001:db8::",
    "groups.trusted": "10.0.0.0/8",
    "topology.streaming": "yes",
    "services.https": "yes",
    "services.ssh": "y",
    "services.ssh.outbound": "yes",
    "services.ftp": "yes",
    "services.ftp.passive_ports": "40000-40099",
    "services.admin": "yes",
    "services.mail": "yes",
    "groups.mail": "198.51.100.25",
    "firewall.name": "perimeter",
    "firewall.platform": "cisco_asa",
    "firewall.address": "",
    "firewall.sides": "outside=internet,mail dmz=edge,edge_vip inside=server,trusted",
    **NO,
}


def answered(script: dict[str, str]) -> dict[str, str]:
    """Answer every question that is asked from a script."""
    answers: dict[str, str] = {}
    while (question := next_question(BASELINE, answers)) is not None:
        answers[question.key] = script[question.key]
    return answers


def test_the_answers_make_a_file_that_loads(tmp_path: Path) -> None:
    """Every question of the script is asked, and the file gives the rows that the answers switch on."""
    answers = answered(SCRIPT)
    path = tmp_path / "deployment.yaml"
    path.write_text(compose(answers, BASELINE))
    found = load(path)

    assert set(answers) == set(SCRIPT)
    required = {row.id for row in rows(found) if row.requirement is Requirement.REQUIRED}
    assert required == {"1", "2", "3", "5", "6", "14", "15", "21", "22", "23", "25", "27", "28", "37"}
    assert found.name == "acme: mft"
    assert [side.name for side in found.firewall("perimeter").sides] == ["outside", "dmz", "inside"]


def test_the_comments_say_what_each_answer_switches_on() -> None:
    """The file explains itself: rows by service, whether it is on or off."""
    text = compose(answered(SCRIPT), BASELINE)

    assert "  # HTTPS: row 5, and row 23 with an Edge\n  https: true\n" in text
    assert "row 4; with it off rows 4 and 35 are off\n  http: false\n" in text
    assert '"2001:db8::"' in text


def test_only_what_matters_is_asked() -> None:
    """Without an Edge nobody asks for a virtual address, and without FTP nobody asks for a passive range."""
    script = {**SCRIPT, "groups.edge": "", "services.ftp": "no", "services.mail": "no", "firewall.name": ""}
    answers = answered(script)

    for key in ("groups.edge_vip", "topology.streaming", "services.ftp.passive_ports", "groups.mail"):
        assert key not in answers
    assert not any(key.startswith("firewall.") and key != "firewall.name" for key in answers)
    assert "topology.cluster" in answered(
        {**script, "groups.server": "10.20.0.11 10.20.0.12", "topology.cluster": "standard"}
    )


@pytest.mark.parametrize(
    ("key", "text", "message"),
    [
        ("groups.edge", "192.0.2.300", "192.0.2.300 is not an address"),
        ("services.http", "maybe", "maybe is neither yes nor no"),
        ("topology.cluster", "standart", "standart is none of"),
        ("services.ftp.passive_ports", "many", "many is not a port"),
        ("firewall.platform", "asa", "no platform is called asa"),
        ("firewall.sides", "outside", "outside names nobody"),
    ],
)
def test_an_answer_that_cannot_be_is_told(key: str, text: str, message: str) -> None:
    """Each wrong answer says what to answer instead, so that it can be asked again."""
    with pytest.raises(DeploymentError, match=message) as caught:
        parse_answer(BASELINE, key, text)
    assert caught.value.hint
