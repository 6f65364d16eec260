"""Collecting from an ASA: what is sent, what proves a capture whole, and what of it is secret.

Source: Cisco ASA Series Command Reference, `show running-config` (it masks keys; `more system:running-config`, which
does not, is never sent), `terminal pager`, `enable`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.contract import Channel, Command, Completeness, Recipe, Secret

if TYPE_CHECKING:
    from parsers.model.capture import Capture

__all__ = ["CONFIGURATION", "RECIPE", "SECRETS", "VERSION", "prove"]

CONFIGURATION = "running-config"
VERSION = "version"

RECIPE = Recipe(
    channel=Channel.SHELL,
    driver="cisco_asa",
    prompt=r"[\w./-]+[>#]",
    enable=True,
    privilege="#$",
    preparation=("terminal pager 0",),
    commands=(
        Command(text="show running-config", name=CONFIGURATION),
        Command(text="show version", name=VERSION, optional=True),
    ),
    sentinel="show {nonce}",
    pager="<--- More --->",
    allowed=(
        "show curpriv",
        "enable",
        "terminal pager 0",
        "show running-config",
        "show version",
        "show [0-9a-f]{12}",
    ),
    refusals=("ERROR: ", "% Invalid input", "Command authorization failed"),
)

_HINT = "collect it again, or name the file with --assume-complete if it is known to be whole"
_STARTS = (": Saved", ": Serial Number", "ASA Version ")
_END = re.compile(r"^Cryptochecksum:[0-9a-f]{32}\s*\n: end\s*\Z", re.MULTILINE)


def prove(capture: Capture) -> Completeness:
    """Tell whether each configuration of a capture begins and ends as the device begins and ends it."""
    documents = [document for document in capture.documents if document.name != VERSION]
    if not documents:
        return Completeness(complete=False, reason="there is no running configuration in it", hint=_HINT)
    for document in documents:
        first = next((line for line in document.text.splitlines() if line.strip()), "")
        if not first.startswith(_STARTS):
            reason = f"{document.name} does not begin with `: Saved`, `: Serial Number` or `ASA Version`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
        if _END.search(document.text) is None:
            reason = f"{document.name} does not end in `Cryptochecksum:` and `: end`"
            return Completeness(complete=False, reason=reason, hint=_HINT)
    return Completeness(complete=True)


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
