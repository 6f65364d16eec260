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
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from auditor.capture.suspects import Suspects, only
from parsers.contract import Platform
from parsers.model.capture import Capture

__all__ = ["Redactor", "redact"]

_BEFORE: Final = 300
_WITHIN_A_LINE: Final = 2048
_REST: Final = re.compile(r"[^\s\"'<>]*")
_TOKEN: Final = re.compile(r"<redacted(?::[0-9a-f]+)?>")
_MASKED: Final = re.compile(r"[*.xX]{3,}|<removed>|<hidden>")
# A secret is unquoted up to a blank, or up to the closing quote; brackets and ends of statement around it stay.
# Every repetition that a hostile text could drive is bounded, so that a search costs no more than its window.
_VALUE: Final = (
    r"""(?:\\?"(?P<quoted>[^"\n]+?)\\?["]"""
    r"""|(?P<secret>[^\s"'{}()\[\]<>;,\\][^\s"'\\]*?)(?=[;,{})\]]{0,32}(?:[\s"'\\]|\Z)))"""
)
_KIND: Final = (
    r"(?:encrypted|hash(?:ed)?|ascii-text|hexadecimal|plain-?text|pbkdf2|nt-encrypted|level|local|remote|ENC|md5|sha\d*"
    r"|\d{1,2})"
)
_KINDS: Final = rf"(?:[ \t]+{_KIND}){{0,5}}"
_WORDS: Final = (
    r"(?:[\w-]{0,40}(?:password|passwd|passphrase)|secret|shared-secret|pre-shared-key|shared-key|psk|psksecret"
    r"|auth(?:entication)?-key|key-string|encryption-password)"
)
_KEYS: Final = (
    r"(?:(?:crypto[ \t]+isakmp|tacacs-server|radius-server|failover|ipsec)[ \t](?:[^\n]{0,200}?[ \t])?)?(?:server-)?key"
)
_HASHES: Final = r"(?:md5|sha[\w-]{0,10})"
_ELEMENTS: Final = "phash|password|secret|psk|pre-shared-key|private-key|key|community|auth-?pwd|priv-?pwd"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Generic:
    """What looks like a secret on any platform: searched for only around one of its `triggers` (lower case)."""

    triggers: tuple[str, ...]
    pattern: re.Pattern[str]
    reach: int


def _generic(triggers: str, pattern: str, reach: int = _WITHIN_A_LINE) -> _Generic:
    return _Generic(triggers=tuple(triggers.split("|")), pattern=re.compile(pattern, re.MULTILINE), reach=reach)


_GENERIC: Final = (
    _generic(
        "passw|passphrase|secret|psk|shared-key|auth-key|authentication-key|key-string",
        rf"(?i)(?<![\w-]){_WORDS}(?:[ \t]+(?:is|was))?(?:[ \t]*[=:][ \t]*|{_KINDS}[ \t]+){_VALUE}",
    ),
    _generic("key ", rf"(?i)^[ \t]*{_KEYS}{_KINDS}[ \t]+{_VALUE}"),
    _generic("community ", rf"(?i)\bsnmp[^\n]{{0,200}}?\bcommunity[ \t]+(?:\d[ \t]+)?{_VALUE}"),
    _generic(
        "auth |priv ",
        rf"(?i)\b(?:auth|priv)[ \t]+(?:{_HASHES}|3?des|aes(?:[ \t-]*(?:128|192|256))?)[ \t]+{_VALUE}",
    ),
    # NX-OS leaves the cipher out.
    _generic("priv ", rf"(?i)\bauth[ \t]+{_HASHES}[ \t]+\S{{1,100}}[ \t]+priv[ \t]+(?!3?des\b|aes\b){_VALUE}"),
    _generic(
        "message-digest-key|authentication",
        rf"(?i)\b(?:message-digest-key|authentication(?:-key)?)[ \t]+(?:\d+[ \t]+)?(?:hmac-)?{_HASHES}"
        rf"(?:[ \t]+\d)?(?:[ \t]+key)?[ \t]+{_VALUE}",
    ),
    _generic("enc ", r"\bENC[ \t]+(?P<secret>[^\s\"]+)"),
    _generic("$", r"(?P<secret>\$(?:1|2[abxy]?|5|6|7|8|9|14|y|sha512|argon2id?)\$[^\s\"'<>;,]+)"),
    _generic("-aq==", r"(?P<secret>-AQ==[^\s\"'<>;,]+)"),
    _generic("</", rf"(?i)<(?:{_ELEMENTS})>(?P<secret>[^<>\n]+)</"),
    _generic("://", r"[a-z][a-z0-9+.-]{0,20}://[^\s/:@\"']*:(?P<secret>[^\s/@\"']+)@"),
    _generic(
        "private key-----",
        r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:\r?\n|\\n)(?P<secret>[^-]+?)(?:\r?\n|\\n)[ \t]*-----END",
        reach=20_000,
    ),
)
_TRIGGERS: Final = tuple(trigger for generic in _GENERIC for trigger in generic.triggers)
_SPANS_LINES: Final = tuple(
    (trigger, 2 * generic.reach)
    for generic in _GENERIC
    if generic.reach > _WITHIN_A_LINE
    for trigger in generic.triggers
)
_WRITTEN: Final = re.compile(_KIND, re.IGNORECASE)
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
        suspects = self._suspects(platform)
        texts = [part for document in capture.documents for part in (document.text, document.stderr)]
        spans = [suspects.spans(text) if suspects is not None else [(0, len(text))] for text in texts]
        token = self._token_maker(
            text[start:end] for text, places in zip(texts, spans, strict=True) for start, end in places
        )

        def clean(text: str) -> str:
            return self._replace(text, patterns, token, shortest=_SHORTEST_IN_A_CAPTURE)

        cleaned = [only(text, places, clean) for text, places in zip(texts, spans, strict=True)]
        documents = [
            document
            if (document.text, document.stderr) == (text, stderr)
            else replace(document, text=text, stderr=stderr)
            for document, text, stderr in zip(capture.documents, cleaned[::2], cleaned[1::2], strict=True)
        ]
        return replace(capture, documents=tuple(documents))

    def _suspects(self, platform: Platform) -> Suspects | None:
        """Give what finds the lines that must be searched; None where that is every line."""
        known = [secret.lower() for secret in self.secrets if len(secret) >= _SHORTEST_IN_A_CAPTURE]
        if not all(secret.words for secret in platform.secrets) or any("\n" in secret for secret in known):
            return None
        own = [word for secret in platform.secrets for word in secret.words]
        return Suspects((*_TRIGGERS, "<redacted:", *own, *known), _SPANS_LINES)

    def _token_maker(self, texts: Iterable[str]) -> Callable[[str], str]:
        if self.key is not None:
            key = self.key
            return lambda secret: (
                f"<redacted:{hmac.new(key, secret.encode('utf-8', 'surrogatepass'), hashlib.sha256).hexdigest()[:8]}>"
            )
        # A capture that was redacted before keeps its tokens; new ones are numbered after them.
        taken = [int(number, 10) for text in texts for number in re.findall(r"<redacted:([0-9]{1,7})>", text)]
        first = max(taken, default=0) + 1
        numbers: dict[str, int] = {}
        return lambda secret: f"<redacted:{numbers.setdefault(secret, first + len(numbers))}>"

    def _replace(
        self, text: str, patterns: Sequence[re.Pattern[str]], token: Callable[[str], str], *, shortest: int
    ) -> str:
        # Until nothing is found any more, so that redacting again changes nothing: a token changes what its
        # neighbours look like. Each round replaces something, so this ends.
        while (clean := self._once(text, patterns, token, shortest=shortest)) != text:
            text = clean
        return text

    def _once(
        self, text: str, patterns: Sequence[re.Pattern[str]], token: Callable[[str], str], *, shortest: int
    ) -> str:
        spans = [span for pattern in patterns for span in _matches(pattern, text)]
        lowered = _lowered(text)
        for generic in _GENERIC:
            for start, end in _windows(lowered, generic):
                spans.extend(
                    span for span in _matches(generic.pattern, text, start, end) if not _decides(text, span[0])
                )
        for secret in self.secrets:
            if len(secret) >= shortest:
                literal = re.compile(rf"(?<![A-Za-z0-9_])(?P<secret>{re.escape(secret)})(?![A-Za-z0-9_])")
                # Somebody's password may be a part of our own token.
                ours = [match.span() for match in _TOKEN.finditer(text)]
                spans.extend(
                    (start, end)
                    for start, end in _matches(literal, text)
                    if not any(first <= start and end <= last for first, last in ours)
                )
        pieces = []
        done = 0
        for start, end in _merged(spans):
            pieces += [text[done:start], _tokens(text[start:end], token)]
            done = end
        return "".join((*pieces, text[done:]))


def redact(platform: Platform, capture: Capture, *, key: bytes | None = None) -> Capture:
    """The capture without its secrets; see the module for what takes their place."""
    return Redactor(key=key).capture(platform, capture)


def _lowered(text: str) -> str:
    """The text in lower case, position by position (`str.lower` may lengthen what is not ASCII)."""
    lowered = text.lower()
    return lowered if len(lowered) == len(text) else re.sub("[A-Z]+", lambda match: match[0].lower(), text)


def _windows(lowered: str, generic: _Generic) -> list[tuple[int, int]]:
    """Where a pattern is worth searching: around its triggers, within the line unless the pattern spans lines."""
    found: list[tuple[int, int]] = []
    for trigger in generic.triggers:
        at = lowered.find(trigger)
        while at >= 0:
            earliest = max(at - _BEFORE, 0)
            start = max(lowered.rfind("\n", earliest, at) + 1, earliest)
            line_end = lowered.find("\n", at, at + generic.reach)
            end = (
                line_end if line_end >= 0 and generic.reach == _WITHIN_A_LINE else min(at + generic.reach, len(lowered))
            )
            found.append((start, end))
            at = lowered.find(trigger, at + len(trigger))
    return _merged(found)


def _matches(pattern: re.Pattern[str], text: str, start: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    groups = [name for name in ("secret", "quoted") if name in pattern.groupindex]
    stop = len(text) if end is None else end
    found = []
    for match in pattern.finditer(text, start, stop):
        for name in groups:
            first, last = match.span(name)
            if first >= 0 and not _harmless(text[first:last]):
                # A secret that is longer than the window goes on to the next blank or quote.
                rest = _REST.match(text, last) if last == stop else None
                found.append((first, rest.end() if rest is not None else last))
    return found


def _harmless(secret: str) -> bool:
    # What holds a token was redacted before; stars are the device's own mask; a word may say how a secret is written.
    return _TOKEN.search(secret) is not None or any(pattern.fullmatch(secret) for pattern in (_MASKED, _WRITTEN))


def _decides(text: str, position: int) -> bool:
    """Whether a place lies in a line that decides traffic (a line longer than that is no command line)."""
    line = text.rfind("\n", max(position - _WITHIN_A_LINE, 0), position) + 1
    return (line > 0 or position <= _WITHIN_A_LINE) and _DECIDES.match(text, line) is not None


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
