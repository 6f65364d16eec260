"""What of a configuration is secret: patterns whose group `secret` is never stored or shown."""

from __future__ import annotations

import re

from parsers.contract import Secret

__all__ = ["SECRETS"]


def _secret(name: str, word: str, pattern: str) -> Secret:
    return Secret(name=name, pattern=re.compile(pattern, re.MULTILINE), words=(word,))


_LEVEL = r"(?:[08] )?"
_WORD = r"(?P<secret>\S+)"

SECRETS = (
    _secret("enable password", "enable password ", rf"^enable password {_LEVEL}{_WORD}"),
    _secret("login password", "passwd ", rf"^passwd {_WORD}"),
    _secret(
        "user password", "password ", rf"^ *(?:vpdn |vpnclient )?username \S+ (?:nopassword )?password {_LEVEL}{_WORD}"
    ),
    _secret("pre-shared key", "pre-shared-key ", rf"\bpre-shared-key (?:hex )?{_LEVEL}{_WORD}"),
    _secret("isakmp key", "isakmp key ", rf"^(?:crypto )?isakmp key {_WORD}"),
    _secret("server key", " key ", rf"^ +key {_LEVEL}{_WORD}"),
    _secret("LDAP password", "ldap-login-password ", rf"\bldap-login-password {_LEVEL}{_WORD}"),
    _secret("SNMP community", "community ", rf"^snmp-server (?:host [^\n]*?)?community {_LEVEL}{_WORD}"),
    _secret("SNMP authentication", "auth ", rf"^snmp-server user [^\n]*?\bauth (?:md5|sha\d*) {_WORD}"),
    _secret("SNMP privacy", "priv ", rf"^snmp-server user [^\n]*?\bpriv (?:3?des|aes (?:128|192|256)) {_WORD}"),
    _secret("failover key", "failover key ", rf"^failover key (?:hex )?{_LEVEL}{_WORD}"),
    _secret("NTP key", "authentication-key ", rf"^ntp authentication-key \d+ \S+ {_LEVEL}{_WORD}"),
    _secret("routing key", "-key ", rf"\b(?:message-digest-key \d+ md5|authentication-key) {_LEVEL}{_WORD}"),
    _secret("EIGRP key", "authentication key eigrp ", rf"^ *authentication key eigrp \d+ {_WORD}"),
    _secret("BGP password", " password ", rf"^ +neighbor \S+ password {_LEVEL}{_WORD}"),
    _secret("proxy password", "password ", rf"^ *https?-proxy [^\n]*\bpassword {_WORD}"),
    _secret("block password", "password ", rf"^ +password {_LEVEL}{_WORD}"),
    _secret("TrustSec password", "password ", rf"^cts sxp default password {_LEVEL}{_WORD}"),
    _secret("WCCP password", "password ", rf"^wccp [^\n]*\bpassword {_WORD}"),
    _secret("scanning licence", "license ", r"^ *license (?P<secret>[0-9A-Fa-f]{32})\b"),
    _secret("activation key", "activation key: ", r"Activation Key: (?P<secret>0x[0-9a-f ]+x?[0-9a-fx ]*)"),
)
