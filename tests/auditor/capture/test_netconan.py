"""Against netconan, Intentionet's anonymiser: what it takes for a secret is one for us too."""

from __future__ import annotations

import ipaddress
import logging
import re
from dataclasses import replace

import pytest
from netconan.sensitive_item_removal import generate_default_sensitive_item_regexes, replace_matching_item

from auditor.capture.redaction import Redactor
from parsers.model.capture import Capture, Document
from parsers.platforms.cisco_asa import PLATFORM
from parsers.registry import ids, platform
from tests.auditor.canaries import planted
from tests.fixture_cases import cases

LINES = [
    "enable password Sens1tive encrypted",
    "enable secret 5 $1$SALT$abcdefghijklmnopqrstuv",
    "passwd Sens1tive encrypted",
    "username admin password Sens1tive encrypted privilege 15",
    "username admin secret Sens1tive",
    "snmp-server community Sens1tive ro",
    "snmp-server host inside 10.0.0.1 community Sens1tive",
    "tacacs-server key 7 Sens1tive",
    "tacacs-server host 10.0.0.1 key Sens1tive",
    "radius-server key Sens1tive",
    "crypto isakmp key Sens1tive address 10.0.0.1",
    " pre-shared-key Sens1tive",
    " ikev1 pre-shared-key Sens1tive",
    " ip ospf message-digest-key 1 md5 Sens1tive",
    " neighbor 10.0.0.1 password 7 Sens1tive",
    "ntp authentication-key 4 md5 Sens1tive 7",
    " key-string 7 Sens1tive",
    'set system root-authentication encrypted-password "$1$SALT$abcdefghijklmnopqrstuv"',
    "set snmp community Sens1tive authorization read-only",
    "set system tacplus-server 10.0.0.1 secret Sens1tive",
]


@pytest.mark.parametrize("line", LINES)
def test_what_netconan_anonymises_we_redact(line: str) -> None:
    """Each line that netconan changes loses its secret here as well (we may find more)."""
    theirs = replace_matching_item(generate_default_sensitive_item_regexes(), line, {}, "salt")
    capture = Capture(documents=(Document(name="c", text=line + "\n"),))
    ours = Redactor().capture(PLATFORM, capture).documents[0].text

    if theirs != line:
        assert "<redacted:1>" in ours
    assert "Sens1tive" not in ours


def _is_no_secret(word: str) -> bool:
    """Tell whether a word that netconan takes out is the device's own mask, or the address after `snmp-server host`."""
    try:
        ipaddress.ip_address(word)
    except ValueError:
        return re.fullmatch(r"\*{3,}", word) is not None
    return True


@pytest.mark.parametrize("name", [name for name in ids() if name.startswith("cisco_")])
def test_in_whole_configurations_too(name: str, caplog: pytest.LogCaptureFixture) -> None:
    """In every fixture with planted secrets, each line that netconan changes is one that we change as well."""
    caplog.set_level(logging.ERROR)
    patterns = generate_default_sensitive_item_regexes()
    changed, missed = 0, []
    for case in cases():
        if case.platform != name:
            continue
        documents = tuple(replace(item, text=planted(name, item.text)) for item in case.capture().documents)
        ours = Redactor().capture(platform(name), Capture(documents=documents))
        for before, after in zip(documents, ours.documents, strict=True):
            for line, clean in zip(before.lines(), after.lines(), strict=True):
                theirs = replace_matching_item(patterns, line, {}, "salt")
                if theirs.strip() == line.strip():
                    continue
                changed += 1
                gone = [word for word in line.split() if word not in theirs.split()]
                if clean == line and not all(map(_is_no_secret, gone)):
                    missed.append(line)
    assert changed > 10
    assert missed == []
