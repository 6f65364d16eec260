"""Redaction: every usual form of a secret is found, nothing else moves."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.capture.redaction import Redactor, redact
from parsers.contract import Parsed, Platform, Secret
from parsers.model.capture import Capture, Document


def _no_parse(_: Capture) -> Parsed:
    raise NotImplementedError


def _platform(*secrets: Secret) -> Platform:
    return Platform(id="x", title="X", recognises=lambda _: True, parse=_no_parse, secrets=secrets)


def _clean(text: str, *secrets: Secret, key: bytes | None = None) -> str:
    capture = Capture(documents=(Document(name="config", text=text),))
    return redact(_platform(*secrets), capture, key=key).documents[0].text


@pytest.mark.parametrize(
    "line",
    [
        "enable password S3cret-One encrypted",
        "enable secret 5 $1$S3cret$aaaaaaaaaaaaaaaaaaaaaa",
        "passwd S3cret-One encrypted",
        "username admin password S3cret-One pbkdf2 privilege 15",
        "username admin privilege 15 secret 9 $9$S3cret$abc/def.ghi",
        "username admin password 7 0822S3cret",
        " ikev1 pre-shared-key S3cret-One",
        " ikev2 remote-authentication pre-shared-key S3cret-One",
        "crypto isakmp key S3cret-One address 203.0.113.5",
        "tacacs-server key 7 S3cret-One",
        "radius-server key S3cret-One",
        " key S3cret-One",
        " server-key 7 S3cret-One",
        " ldap-login-password S3cret-One",
        "snmp-server community S3cret-One RO 10",
        "snmp-server host inside 10.0.0.1 community S3cret-One version 2c",
        "snmp-server user ops grp v3 auth sha S3cret-One priv aes 128 x",
        "snmp-server user ops grp v3 auth sha x priv aes 128 S3cret-One",
        "snmp-server user ops network-admin auth md5 x priv S3cret-One localizedkey",
        'set protocols ospf area 0 interface x authentication md5 0 key "S3cret-One"',
        " ip ospf message-digest-key 1 md5 S3cret-One",
        " ip ospf authentication-key S3cret-One",
        "ntp authentication-key 1 md5 S3cret-One",
        "failover key S3cret-One",
        "        set psksecret ENC S3cret0ne+/==",
        "        set password ENC S3cret0ne",
        '        set passwd "S3cret One"',
        '            encrypted-password "$6$S3cret$abcdef"; ## SECRET-DATA',
        "set system root-authentication encrypted-password $6$S3cret$abc",
        '                secret "$9$S3cretabc"; ## SECRET-DATA',
        '                pre-shared-key ascii-text "$9$S3cretabc"; ## SECRET-DATA',
        "<phash>$5$S3cret$abc</phash>",
        "<pre-shared-key><key>S3cret-One</key></pre-shared-key>",
        "<community>S3cret-One</community>",
        " set key -AQ==S3cretabc=",
        "copy ftp://user:S3cret-One@192.0.2.1/file",
        "http-proxy password=S3cret-One;",
        'comment "password is: S3cret-One"',
        'Password: "S3cret One"',
    ],
)
def test_a_secret_is_found_on_any_platform(line: str) -> None:
    """The usual ways to write a secret, of all vendors, are known without a platform's help."""
    clean = _clean(f"before\n{line}\nafter\n")

    assert "S3cret" not in clean
    assert "<redacted:" in clean
    assert clean.startswith("before\n")
    assert clean.endswith("\nafter\n")


@pytest.mark.parametrize(
    "line",
    [
        "enable password ***** pbkdf2",
        " pre-shared-key *****",
        "snmp-server community ***** RO",
        "access-list secret extended permit tcp any host 192.0.2.10 eq https",
        "access-list password extended deny ip any any",
        "object network secret",
        " network-object object password",
        "object-group network password",
        "access-group secret in interface outside",
        "nat (inside,outside) source static password secret",
        "10 permit tcp any host 192.0.2.10 eq 22",
        "-A INPUT -s 192.0.2.1/32 -j DROP",
        "service password-encryption",
        "no service password-recovery",
        "password-policy minimum-length 12",
        "ssh key-exchange group dh-group14-sha256",
        "crypto key generate rsa",
        "aaa authentication ssh console LOCAL",
        "chain secret {",
        "  ip saddr 192.0.2.0/24 tcp dport 443 accept",
        " permit udp any any eq snmp",
        "set policy-options community X members 65000:1",
        "",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    """Masked secrets, names in lines that decide traffic, and words that merely look alike are left alone."""
    assert _clean(f"{line}\n") == f"{line}\n"


def test_a_private_key_keeps_its_lines() -> None:
    """A key of several lines becomes as many tokens: the lines after it keep their numbers."""
    body = ["MIIabc+/", "defghi==", "", "jkl="]
    text = "\n".join(["a", "-----BEGIN RSA PRIVATE KEY-----", *body, "-----END RSA PRIVATE KEY-----", "b"]) + "\n"
    clean = _clean(text)

    assert clean.split("\n")[6:] == ["-----END RSA PRIVATE KEY-----", "b", ""]
    assert [bool(re.fullmatch(r"<redacted:\d>", line)) for line in clean.split("\n")[2:6]] == [True, True, False, True]


def test_a_platforms_own_secrets_are_redacted_wherever_they_stand() -> None:
    """A platform's pattern holds in every line, those that decide traffic too."""
    secret = Secret(name="webtype url", pattern=re.compile(r"url http://\S+/(?P<secret>\S+)"))

    assert _clean("access-list W webtype permit url http://a/tok", secret).endswith("url http://a/<redacted:1>")


def test_redacting_twice_changes_nothing_and_new_secrets_get_new_numbers() -> None:
    """A saved capture reads back as it was written; what is found later does not take an old number."""
    once = _clean("password one\npassword two\n")

    assert once == "password <redacted:1>\npassword <redacted:2>\n"
    assert _clean(once) == once
    assert _clean(once + "password three\n") == once + "password <redacted:3>\n"


def test_a_key_makes_tokens_that_tell_a_change() -> None:
    """With a key, equal secrets have equal tokens in every run, and another key other ones."""
    one, two = _clean("password one\n", key=b"k" * 32), _clean("x\npassword one\n", key=b"k" * 32)

    assert re.fullmatch(r"password <redacted:[0-9a-f]{8}>\n", one)
    assert two == "x\n" + one
    assert _clean("password one\n", key=b"l" * 32) != one
    assert _clean("password two\n", key=b"k" * 32) != one


def test_known_secrets_are_found_anywhere_as_whole_words() -> None:
    """A secret that we sent is taken out of messages, and of captures when it is long enough to be no word."""
    redactor = Redactor(secrets=("inside", "Tr0ub4dor&3"))
    text = "nameif inside\nbanner Tr0ub4dor&3!\nbanner XTr0ub4dor&3X\n"
    clean = redactor.capture(_platform(), Capture(documents=(Document(name="c", text=text),))).documents[0].text

    assert clean == "nameif inside\nbanner <redacted:1>!\nbanner XTr0ub4dor&3X\n"
    assert redactor.text("bad: inside Tr0ub4dor&3") == "bad: <redacted:1> <redacted:2>"
    assert "Tr0ub4dor" not in repr(redactor)


def test_json_stays_json() -> None:
    """Tokens hold no quote, so a document of nft stays readable."""
    text = json.dumps({"comment": 'the password is "hunter22" and secret: x', "expr": [{"counter": None}]})
    clean = _clean(text)

    assert "hunter22" not in clean
    assert json.loads(clean)["expr"] == [{"counter": None}]


_TEXT = st.text(
    st.one_of(st.sampled_from(list(" \n\"'{};<>:$=@/-")), st.characters(codec="utf-8")), max_size=80
) | st.lists(
    st.sampled_from(
        ["password ", "secret", " key", "\n", "$1$ab$cd", "x", " ", '"', "<key>", "</key>", "://a:b@", "ENC ", "İ", "}"]
    ),
    max_size=25,
).map("".join)


@given(_TEXT)
def test_no_line_is_ever_added_lost_or_moved(text: str) -> None:
    """Any text keeps its number of lines, and redacting is idempotent."""
    clean = _clean(text)

    assert clean.count("\n") == text.count("\n")
    assert _clean(clean) == clean


@pytest.mark.parametrize("piece", ["w", "password ", "snmp community ", "http://", "$1$", "<key>", "password x}"])
def test_hostile_text_costs_no_more_than_time_in_proportion(piece: str) -> None:
    """Half a megabyte of triggers on one line is done at once: nothing backtracks over the text."""
    started = time.process_time()
    _clean(piece * (500_000 // len(piece)))

    assert time.process_time() - started < 5
