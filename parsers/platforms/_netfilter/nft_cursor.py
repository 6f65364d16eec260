"""A cursor over the words of nft text, and the values and sets that occur in every statement."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from parsers.errors import ParserError
from parsers.platforms._netfilter.nft_syntax import AnonymousSet, Element, Values, VerdictStatement

if TYPE_CHECKING:
    from parsers.platforms._netfilter.nft_tokens import Token

__all__ = ["Cursor", "NotReadError"]

_HEXADECIMAL = re.compile("0x[0-9a-fA-F]+")
_ELEMENT_STATEMENTS = frozenset({"ct", "last", "limit", "quota"})
VERDICTS = frozenset({"accept", "drop", "continue", "return", "reject", "queue"})


class NotReadError(Exception):
    """The words at the cursor are no statement that is understood."""


class Cursor:
    """Reads words one after the other; line ends count as words except inside sets."""

    def __init__(self, words: list[Token], document: str) -> None:
        """Start at the first word."""
        self.words = words
        self.document = document
        self.at = 0

    @property
    def done(self) -> bool:
        """Tell whether no word is left."""
        return self.at >= len(self.words)

    @property
    def line(self) -> int:
        """Give the line of the next word, or of the last one."""
        if not self.words:
            return 1
        return self.words[min(self.at, len(self.words) - 1)].line

    @property
    def text(self) -> str:
        """Give the next word's text; a line end where nothing is left."""
        return self.words[self.at].text if self.at < len(self.words) else "\n"

    @property
    def kind(self) -> str:
        """Give the next word's kind."""
        return self.words[self.at].kind if self.at < len(self.words) else "line"

    def ahead(self, count: int = 1) -> str:
        """Give the text of a word further on."""
        place = self.at + count
        return self.words[place].text if place < len(self.words) else "\n"

    def demand(self) -> None:
        """Demand that there is a word left; raises ParserError at the end."""
        if self.done:
            raise ParserError("the text ends too early", document=self.document, line=self.line, hint="is it complete?")

    def next(self) -> str:
        """Take the next word; raises ParserError at the end."""
        if self.at >= len(self.words):
            self.demand()
        self.at += 1
        return self.words[self.at - 1].text

    def take(self, *texts: str) -> bool:
        """Take the next word if it is one of these and not a quoted string."""
        if self.at < len(self.words):
            word = self.words[self.at]
            if word.text in texts and word.kind != "string":
                self.at += 1
                return True
        return False

    def expect(self, text: str) -> None:
        """Take this very word; raises NotReadError for another."""
        if not self.take(text):
            raise NotReadError

    def word(self) -> str:
        """Take a word or string; raises NotReadError for punctuation and line ends."""
        if self.kind not in {"word", "string"}:
            raise NotReadError
        return self.next()

    def skip_lines(self) -> None:
        """Take line ends and semicolons."""
        while not self.done and (self.kind == "line" or (self.kind == "mark" and self.text == ";")):
            self.at += 1

    def closes(self) -> bool:
        """Take line ends, and a closing brace if it follows; raises ParserError where nothing follows."""
        self.skip_lines()
        self.demand()
        return self.take("}")

    @property
    def ends_rule(self) -> bool:
        """Tell whether a rule ends here."""
        return self.kind == "line" or (self.kind == "mark" and self.text in {";", "}"})

    def rest_of_rule(self) -> list[Token]:
        """Take everything up to the end of the rule; braces are kept whole."""
        start, depth = self.at, 0
        while not self.done:
            if depth == 0 and self.ends_rule:
                break
            if self.kind == "mark":
                depth += {"{": 1, "}": -1}.get(self.text, 0)
            self.at += 1
        return self.words[start : self.at]

    # -- values ---------------------------------------------------------------------------------

    def flags(self) -> tuple[str, ...]:
        """Take words joined by commas, or by `|` in parentheses."""
        if self.take("("):
            found = [self.word()]
            while self.take("|"):
                found.append(self.word())
            self.expect(")")
            return tuple(found)
        found = [self.one()]
        while self.take(",", "|"):
            found.append(self.one())
        return tuple(found)

    def one(self) -> str:
        """Take one value; `"a"-"b"` is a range."""
        first = self.word()
        if self.kind == "word" and self.text == "-" and self.ahead() not in {"\n", ";"}:
            self.next()
            return f"{first}-{self.word()}"
        return str(int(first, 16)) if _HEXADECIMAL.fullmatch(first) else first

    def values(self) -> Values:
        """Take a value, with the parts of a concatenation."""
        parts = [self.flags()]
        while self.kind == "word" and self.text == ".":
            self.next()
            parts.append(self.flags())
        return Values(parts=tuple(parts))

    def key(self) -> tuple[str, ...]:
        """Take an element's key, with the parts of a concatenation."""
        parts = [self._flagged()]
        while self.kind == "word" and self.text == ".":
            self.next()
            parts.append(self._flagged())
        return tuple(parts)

    def _flagged(self) -> str:
        """Take one value; flags joined by `|` stay one word."""
        word = self.one()
        while self.take("|"):
            word += f"|{self.word()}"
        return word

    # -- sets -----------------------------------------------------------------------------------

    def anonymous_set(self) -> AnonymousSet:
        """Take `{ ... }`."""
        self.expect("{")
        found: list[Element] = []
        while True:
            if self.closes():
                return AnonymousSet(elements=tuple(found))
            found.append(self._element())
            self.skip_lines()
            if not self.take(","):
                self.expect("}")
                return AnonymousSet(elements=tuple(found))

    def _element(self) -> Element:
        first = self.line
        key = self.key()
        timed = self._options()
        data: VerdictStatement | tuple[str, ...] | None = None
        if self.kind == "word" and self.text == ":":
            self.next()
            data = self.verdict() or self.key()
            timed = self._options() or timed
        last = self.words[self.at - 1].line
        return Element(key=key, data=data, timed=timed, first=first, last=last)

    def _options(self) -> bool:
        """Take what stands behind an element (timeout, counter, comment); tell whether the element expires."""
        timed = False
        while self.kind in {"word", "string"} and self.text != ":":
            word = self.next()
            timed = timed or word in {"timeout", "expires"}
            if word in {"timeout", "expires", "comment"}:
                self.word()
            elif word == "counter":
                if self.take("packets"):
                    self.word()
                    self.expect("bytes")
                    self.word()
            elif word in _ELEMENT_STATEMENTS:
                while self.kind in {"word", "string"} and self.text not in {":", "timeout", "expires", "comment"}:
                    self.next()
            else:
                raise NotReadError
        return timed

    def verdict(self) -> VerdictStatement | None:
        """Take a plain verdict, None for another word."""
        if self.kind != "word":
            return None
        if self.text in VERDICTS:
            return VerdictStatement(kind=self.next())
        if self.text in {"jump", "goto"} and self.ahead() != "{":
            kind = self.next()
            return VerdictStatement(kind=kind, chain=self.word())
        return None
