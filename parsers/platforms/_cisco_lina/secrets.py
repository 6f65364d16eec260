"""What of a configuration is secret: patterns whose group `secret` is never stored or shown."""

from __future__ import annotations

import re

from parsers.contract import Secret

__all__ = ["SECRETS"]


def _secret(name: str, pattern: str) -> Secret:
    return Secret(name=name, pattern=re.compile(pattern, re.MULTILINE))


_LEVEL = r"(?:[08] )?"
_WORD = r"(?P<secret>\S+)"

SECRETS = (
    _secret("enable password", rf"^enable password {_LEVEL}{_WORD}"),
    _secret("login password", rf"^passwd {_WORD}"),
    _secret("user password", rf"^ *(?:vpdn |vpnclient )?username \S+ (?:nopassword )?password {_LEVEL}{_WORD}"),
    _secret("pre-shared key", rf"\bpre-shared-key (?:hex )?{_LEVEL}{_WORD}"),
    _secret("isakmp key", rf"^(?:crypto )?isakmp key {_WORD}"),
    _secret("server key", rf"^ +key {_LEVEL}{_WORD}"),
    _secret("LDAP password", rf"\bldap-login-password {_LEVEL}{_WORD}"),
    _secret("SNMP community", rf"^snmp-server (?:host [^\n]*?)?community {_LEVEL}{_WORD}"),
    _secret("SNMP authentication", rf"^snmp-server user [^\n]*?\bauth (?:md5|sha\d*) {_WORD}"),
    _secret("SNMP privacy", rf"^snmp-server user [^\n]*?\bpriv (?:3?des|aes (?:128|192|256)) {_WORD}"),
    _secret("failover key", rf"^failover key (?:hex )?{_LEVEL}{_WORD}"),
    _secret("NTP key", rf"^ntp authentication-key \d+ \S+ {_LEVEL}{_WORD}"),
    _secret("routing key", rf"\b(?:message-digest-key \d+ md5|authentication-key) {_LEVEL}{_WORD}"),
    _secret("EIGRP key", rf"^ *authentication key eigrp \d+ {_WORD}"),
    _secret("BGP password", rf"^ +neighbor \S+ password {_LEVEL}{_WORD}"),
    _secret("proxy password", rf"^ *https?-proxy [^\n]*\bpassword {_WORD}"),
    _secret("block password", rf"^ +password {_LEVEL}{_WORD}"),
    _secret("TrustSec password", rf"^cts sxp default password {_LEVEL}{_WORD}"),
    _secret("WCCP password", rf"^wccp [^\n]*\bpassword {_WORD}"),
    _secret("scanning licence", r"^ *license (?P<secret>[0-9A-Fa-f]{32})\b"),
    _secret("activation key", r"Activation Key: (?P<secret>0x[0-9a-f ]+x?[0-9a-fx ]*)"),
)
