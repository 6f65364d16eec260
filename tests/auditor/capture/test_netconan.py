"""Against netconan, Intentionet's anonymiser: what it takes for a secret is one for us too."""

from __future__ import annotations

import pytest
from netconan.sensitive_item_removal import generate_default_sensitive_item_regexes, replace_matching_item

from auditor.capture.redaction import Redactor
from parsers.model.capture import Capture, Document
from parsers.platforms.cisco_asa import PLATFORM

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
