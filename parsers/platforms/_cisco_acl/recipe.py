"""What the recipes of routers and switches share: refusals, secrets, and the proof by a last line `end`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.contract import Completeness, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from parsers.model.capture import Capture

__all__ = ["HINT", "REFUSALS", "ROUTER_SECRETS", "proof"]

HINT = "collect it again, or name the file with --assume-complete if it is known to be whole"
REFUSALS = (
    "% ?Invalid", "% ?Incomplete command", "% ?Ambiguous command", "% ?Unknown command", "% ?Unrecognized command",
    "% ?Permission denied", "% ?This command is not authorized", "Command authorization failed",
    "% ?Authorization failed", "Error: ",
)  # fmt: skip


def proof(other: str, starts: tuple[str, ...]) -> Callable[[Capture], Completeness]:
    """Make the proof that each document (but `other`) begins with one of `starts` and ends in the line `end`."""

    def prove(capture: Capture) -> Completeness:
        documents = [document for document in capture.documents if document.name != other]
        if not documents:
            return Completeness(complete=False, reason="there is no running configuration in it", hint=HINT)
        for document in documents:
            lines = [line.rstrip() for line in document.text.splitlines() if line.strip()]
            if not lines or not lines[0].startswith(starts):
                reason = f"{document.name} does not begin as a running configuration does"
                return Completeness(complete=False, reason=reason, hint=HINT)
            if lines[-1] != "end":
                reason = f"{document.name} does not end in the line `end`"
                return Completeness(complete=False, reason=reason, hint=HINT)
        return Completeness(complete=True)

    return prove


def _secret(name: str, words: str, pattern: str) -> Secret:
    return Secret(name=name, pattern=re.compile(pattern, re.MULTILINE), words=tuple(words.split("|")))


_TYPE = r"(?:\d{1,2} )?"
_WORD = r"(?P<secret>[^\s\"]+|\"[^\"\n]*\")"

ROUTER_SECRETS = (
    _secret(
        "enable password",
        "secret|password",
        rf"^enable (?:algorithm-type \S+ )?(?:secret|password) (?:level \d+ )?{_TYPE}{_WORD}",
    ),
    _secret("user password", "secret|password", rf"^ *username \S+ [^\n]*?\b(?:secret|password) {_TYPE}{_WORD}"),
    _secret("block password", "secret|password", rf"^ +(?:password|secret) (?:encrypted |clear )?{_TYPE}{_WORD}"),
    _secret("pre-shared key", "isakmp key ", rf"^crypto isakmp key {_TYPE}{_WORD}"),
    _secret(
        "pre-shared key",
        "pre-shared-key ",
        rf"^ +pre-shared-key (?:address [^\n]*? key |hostname \S+ key |local |remote )?{_TYPE}{_WORD}",
    ),
    _secret("server key", "key ", rf"^(?:tacacs|radius)-server [^\n]*?\bkey {_TYPE}{_WORD}"),
    _secret("server key", "key ", rf"^ +(?:server-)?key {_TYPE}(?!chain)(?!\d+\s*$){_WORD}"),
    _secret("key string", "key-string ", rf"^ +key-string (?:clear |password |encrypted )?{_TYPE}{_WORD}"),
    _secret("LDAP password", "ldap-login-password ", rf"\bldap-login-password {_TYPE}{_WORD}"),
    _secret("SNMP community", "community ", rf"^snmp-server community (?:clear |encrypted )?{_WORD}"),
    _secret(
        "SNMP community",
        "snmp-server host ",
        r"^snmp-server host \S+ (?:vrf \S+ )?(?:traps |informs )?(?:version (?:1|2c) )?(?:clear |encrypted )?"
        rf"(?!vrf|traps|informs|version|use-vrf|source-interface){_WORD}",
    ),
    _secret(
        "SNMP authentication", "auth ", rf"^snmp-server user [^\n]*?\bauth (?:md5|sha\S*) (?:clear |encrypted )?{_WORD}"
    ),
    _secret(
        "SNMP privacy",
        "priv ",
        r"^snmp-server user [^\n]*?\bpriv (?:(?:3?des(?:56)?|aes(?:-?(?: ?128| ?192| ?256))?) )?"
        rf"(?:clear |encrypted )?{_WORD}",
    ),
    _secret("NTP key", "authentication-key ", rf"^ *(?:ntp )?authentication-key \d+ md5 (?:clear |encrypted )?{_WORD}"),
    _secret(
        "routing key", "message-digest-key ", rf"\bmessage-digest-key \d+ md5 {_TYPE}(?:clear |encrypted )?{_WORD}"
    ),
    _secret("routing key", "authentication-key ", rf"\b(?:ospf|isis|rip) authentication-key {_TYPE}{_WORD}"),
    _secret(
        "standby key",
        " authentication ",
        rf"\b(?:standby|vrrp|glbp|hsrp)[^\n]*? authentication (?:text |md5 key-string )?{_TYPE}{_WORD}",
    ),
    _secret("BGP password", " password ", rf"^ +neighbor \S+ password {_TYPE}{_WORD}"),
    _secret("PPP password", " password ", rf"\bppp (?:chap|pap sent-username \S+) password {_TYPE}{_WORD}"),
    _secret("PPP password", " password ", rf"\bppp chap hostname \S+ password {_TYPE}{_WORD}"),
    _secret(
        "TrustSec password", "password ", rf"^cts (?:sxp default password|credentials id \S+ password) {_TYPE}{_WORD}"
    ),
    _secret("VTP password", "password ", rf"^vtp password {_WORD}"),
    _secret("wireless key", "wpa-psk ascii ", rf"\bwpa-psk ascii {_TYPE}{_WORD}"),
    _secret("FTP password", "password ", rf"^ip (?:ftp|http client) password {_TYPE}{_WORD}"),
    _secret("WCCP password", "password ", rf"\bwccp [^\n]*?\bpassword {_TYPE}{_WORD}"),
)
