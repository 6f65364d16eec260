r"""Taking secrets out of a capture before anything is stored or shown, without moving a line.

A secret becomes `<redacted:N>`, N counting the different secrets of one capture: equal secrets are seen to be equal
(one pre-shared key for two peers), two runs over one configuration give the same bytes, and the token says nothing at
all about the secret. A hash would: passwords of people fall to a dictionary, whether the hash is salted by something
in the file or not. With a `key` that is kept elsewhere (0600) N is the first 8 digits of the secret's HMAC-SHA-256
instead: then a changed secret is seen from one run to the next, by those who hold the key.

A platform names its own secrets (`Platform.secrets`); what looks like a secret on any platform is added here. Lines
that decide traffic are left to the platform: a group called `secret` must not lose its members.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final

from parsers.contract import Platform
from parsers.model.capture import Capture, Document

__all__ = ["Redactor", "redact"]

_TOKEN: Final = re.compile(r"<redacted(?::[0-9a-f]+)?>")
_MASKED: Final = re.compile(r"[*.xX]{3,}|<removed>|<hidden>")
# A secret is unquoted up to a blank, or up to the closing quote; brackets and ends of statement around it stay.
_VALUE: Final = (
    r"""(?:"(?P<quoted>[^"\n]+)"|(?P<secret>[^\s"'{}()\[\]<>;,\\][^\s"'\\]*?)(?=[;,{})\]]*(?:[\s"'\\]|\Z)))"""
)
_KINDS: Final = (
    r"(?:[ \t]+(?:encrypted|hash(?:ed)?|ascii-text|hexadecimal|plain-?text|pbkdf2|nt-encrypted|level[ \t]+\d+"
    r"|local|remote|ENC|md5|sha\d*|\d{1,2}))*"
)
_WORDS: Final = (
    r"(?:[\w-]*(?:password|passwd|passphrase)|secret|shared-secret|pre-shared-key|shared-key|psk|psksecret"
    r"|auth(?:entication)?-key|key-string|encryption-password)"
)
_KEYS: Final = r"(?:(?:crypto[ \t]+isakmp|tacacs-server|radius-server|failover|ipsec)[ \t]+)?(?:server-)?key"
_HASHES: Final = r"(?:md5|sha[\w-]*)"
_ELEMENTS: Final = "phash|password|secret|psk|pre-shared-key|private-key|key|community|auth-?pwd|priv-?pwd"
_GENERIC: Final = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rf"(?i)(?<![\w-]){_WORDS}(?:{_KINDS}[ \t]+|[ \t]*[=:][ \t]*){_VALUE}",
        rf"(?i)^[ \t]*{_KEYS}{_KINDS}[ \t]+{_VALUE}",
        rf"(?i)\bsnmp[^\n]*?\bcommunity[ \t]+(?:\d[ \t]+)?{_VALUE}",
        rf"(?i)\b(?:auth|priv)[ \t]+(?:{_HASHES}|3?des|aes(?:[ \t-]*(?:128|192|256))?)[ \t]+{_VALUE}",
        (
            rf"(?i)\b(?:message-digest-key|authentication(?:-key)?)[ \t]+(?:\d+[ \t]+)?(?:hmac-)?{_HASHES}"
            rf"(?:[ \t]+\d)?[ \t]+{_VALUE}"
        ),
        r"\bENC[ \t]+(?P<secret>[^\s\"]+)",
        r"(?P<secret>\$(?:1|2[abxy]?|5|6|7|8|9|14|y|sha512|argon2id?)\$[^\s\"'<>;,]+)",
        r"(?P<secret>-AQ==[^\s\"'<>;,]+)",
        rf"(?i)<(?:{_ELEMENTS})>(?P<secret>[^<>\n]+)</",
        r"[a-z][a-z0-9+.-]*://[^\s/:@\"']*:(?P<secret>[^\s/@\"']+)@",
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\r?\n|\\n)(?P<secret>[^-]+?)(?:\r?\n|\\n)[ \t]*-----END",
    )
)
_DECIDES: Final = re.compile(
    r"[ \t]*(?:access-list[ \t]+\S+[ \t]+(?!remark\b)|access-group\b|(?:ip|ipv6)[ \t]+access-|object(?:-group)?\b"
    r"|(?:network|port|service|protocol|icmp|group|user)-object\b|nat\b|static\b|global\b|route\b|interface\b|nameif\b"
    r"|name[ \t]|(?:\d+[ \t]+)?(?:permit|deny)\b|-[AIN][ \t]|:[A-Z])"
)
_SHORTEST_IN_A_CAPTURE: Final = 8
_SHORTEST_IN_A_MESSAGE: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactor:
    """Replaces secrets by tokens; `key` makes the tokens HMACs, `secrets` are known ones to find anywhere."""

    key: bytes | None = None
    secrets: tuple[str, ...] = ()

    def knowing(self, secrets: Iterable[str]) -> Redactor:
        """This redactor, with further secrets to find."""
        return replace(self, secrets=(*self.secrets, *secrets))

    def __repr__(self) -> str:
        return "Redactor()"

    def text(self, text: str) -> str:
        """A message without what looks like a secret, and without the known ones."""
        return self._replace(text, (), self._token_maker([text]), shortest=_SHORTEST_IN_A_MESSAGE)

    def capture(self, platform: Platform, capture: Capture) -> Capture:
        """The capture without its secrets: every line stays where it is, and no line is added or lost."""
        patterns = [secret.pattern for secret in platform.secrets]
        token = self._token_maker([part for document in capture.documents for part in (document.text, document.stderr)])

        def clean(text: str) -> str:
            return self._replace(text, patterns, token, shortest=_SHORTEST_IN_A_CAPTURE)

        documents = tuple(self._document(document, clean) for document in capture.documents)
        return replace(capture, documents=documents)

    @staticmethod
    def _document(document: Document, clean: Callable[[str], str]) -> Document:
        return replace(document, text=clean(document.text), stderr=clean(document.stderr))

    def _token_maker(self, texts: Iterable[str]) -> Callable[[str], str]:
        if self.key is not None:
            key = self.key
            return lambda secret: f"<redacted:{hmac.new(key, secret.encode(), hashlib.sha256).hexdigest()[:8]}>"
        # A capture that was redacted before keeps its tokens; new ones are numbered after them.
        taken = [int(number, 10) for text in texts for number in re.findall(r"<redacted:([0-9]{1,7})>", text)]
        first = max(taken, default=0) + 1
        numbers: dict[str, int] = {}
        return lambda secret: f"<redacted:{numbers.setdefault(secret, first + len(numbers))}>"

    def _replace(
        self, text: str, patterns: Iterable[re.Pattern[str]], token: Callable[[str], str], *, shortest: int
    ) -> str:
        spans = [span for pattern in patterns for span in _matches(pattern, text)]
        for pattern in _GENERIC:
            spans.extend(span for span in _matches(pattern, text) if not _decides(text, span[0]))
        for secret in self.secrets:
            if len(secret) >= shortest:
                literal = re.compile(rf"(?<![A-Za-z0-9_])(?P<secret>{re.escape(secret)})(?![A-Za-z0-9_])")
                spans.extend(_matches(literal, text))
        pieces = []
        done = 0
        for start, end in _merged(spans):
            pieces += [text[done:start], _tokens(text[start:end], token)]
            done = end
        return "".join((*pieces, text[done:]))


def redact(platform: Platform, capture: Capture, *, key: bytes | None = None) -> Capture:
    """The capture without its secrets; see the module for what takes their place."""
    return Redactor(key=key).capture(platform, capture)


def _matches(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    groups = [name for name in ("secret", "quoted") if name in pattern.groupindex]
    found = (match.span(name) for match in pattern.finditer(text) for name in groups if match[name])
    return [(start, end) for start, end in found if not _harmless(text[start:end])]


def _harmless(secret: str) -> bool:
    return _TOKEN.fullmatch(secret) is not None or _MASKED.fullmatch(secret) is not None


def _decides(text: str, position: int) -> bool:
    return _DECIDES.match(text, text.rfind("\n", 0, position) + 1) is not None


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    result: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if result and start < result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def _tokens(secret: str, token: Callable[[str], str]) -> str:
    # A secret of several lines (a private key) becomes as many tokens, so that the lines after it keep their numbers.
    return "\n".join(token(line) if line.strip() and not _harmless(line) else line for line in secret.split("\n"))
