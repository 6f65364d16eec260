"""What a platform is: how to recognise, collect, parse and prove complete a capture of its configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import re

    from parsers.model.capture import Capture, Span
    from parsers.model.firewall import Firewall

__all__ = [
    "Channel", "Command", "Completeness", "Contexts", "LineState", "Parsed", "Platform", "Recipe", "Remark",
    "RemarkKind", "Right", "RuleUse", "Secret",
]  # fmt: skip


class LineState(IntEnum):
    """What became of a line: one byte of the ledger."""

    NOT_UNDERSTOOD = 0
    MODELLED = 1
    IRRELEVANT = 2


class RemarkKind(StrEnum):
    """What a remark says: something not understood, an undefined reference, a loop, a context not read, a fact."""

    NOT_UNDERSTOOD = "not-understood"
    UNDEFINED = "undefined"
    LOOP = "loop"
    UNREAD_CONTEXT = "unread-context"
    UNBOUND = "unbound"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something a reader of the report must know about one place of the capture.

    `decides` tells whether it lies in something that can decide traffic, so that it can change a verdict beyond what
    the widened rules of the model already say (an unread context, a policy route). A line that is merely not
    understood and whose effect is already inside the model's `possible` leaves it False.
    """

    kind: RemarkKind
    text: str
    span: Span | None = None
    decides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleUse:
    """How often the device says that the rule at a place matched, and when it last did (ISO 8601), if it says.

    The place is the rule's own line, whatever document the count was read from. Counts of one place add up.
    """

    span: Span
    count: int
    last: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """A capture's meaning: one firewall per context, and one LineState byte per line of each document.

    `uses` is evidence beside the meaning, where the capture has it: a rule without an entry was not counted, which
    is not the same as never used.
    """

    firewalls: tuple[Firewall, ...]
    ledger: tuple[bytes, ...]
    remarks: tuple[Remark, ...] = ()
    uses: tuple[RuleUse, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completeness:
    """Whether a capture is proven complete; `reason` says what is missing, and `hint` what to do.

    `changed` tells that its parts contradict each other because the device was changed while it was read: then it is
    read once more.
    """

    complete: bool
    reason: str = ""
    hint: str = ""
    changed: bool = False


class Channel(StrEnum):
    """How a command is run: in an interactive shell with prompts, or in an exec channel of its own."""

    SHELL = "shell"
    EXEC = "exec"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One read-only command; its output becomes the document `name`.

    `optional` output may be refused by the device without making the capture incomplete. The lines of what is `beside`
    the configuration (version, hit counts) count in no coverage; what is read `once` is not read again in each context.
    """

    text: str
    name: str
    optional: bool = False
    beside: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """What an account must be allowed where a device, without it, shortens an output in silence.

    `command` shows the account's rights; each of `needed`, a name and the regular expression that finds it, must be
    there.
    """

    command: str
    needed: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """How a device is read that is divided into contexts, each a firewall of its own.

    `inside` and `outside` are found in the output of the recipe's first command: in a context, and in the system space
    that lists them all. `leave` leads from the one to the other; where it is refused, the account may see its own
    context only, which `own` finds in the prompt (group `name`). `names` finds each context in the system's output
    (group `name`), `enter`, with `{name}` in it, leads there. Every command that is not read `once` is then run in each
    context, as the document `DOCUMENT/NAME`. Both lines change what the session looks at, and nothing on the device.
    """

    inside: str
    outside: str
    own: str
    leave: str
    names: str
    enter: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How to collect a platform's configuration, as data; only the collector executes it.

    `allowed` are regular expressions (full match) of every line that may ever be sent, login preparation included;
    the collector adds nothing but the empty line and the enable secret, the latter only to a password prompt.
    `refusals` mark output that means a command was not carried out: each is matched at the start of a line, among the
    first lines of the output.

    For a shell channel: `driver` is netmiko's device type, which knows the platform's login and way to privileged mode
    (its own lines for paging and width are not sent: name them in `preparation`);
    `prompt` matches the whole prompt line without the blank at its end; `enable` asks for privileged mode, and
    `privilege` must be found in the prompt that follows (`#$`); `preparation` are lines sent next, none of which may be
    refused; `sentinel` is a line with `{nonce}` (hexadecimal digits) that the device is sure to refuse, which proves
    that the output before it has ended; `pager` matches the text at the start of a line with which a device holds
    output back. A pager that cannot be turned off without writing is answered: `pager_answer` is the key that shows the
    next page, `pager_erase` matches what the device then sends to take the pager's text away.
    """

    channel: Channel
    commands: tuple[Command, ...]
    driver: str = ""
    prompt: str = ""
    enable: bool = False
    preparation: tuple[str, ...] = ()
    privilege: str = ""
    sentinel: str = ""
    pager: str = ""
    pager_answer: str = ""
    pager_erase: str = ""
    allowed: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    rights: tuple[Right, ...] = ()
    contexts: Contexts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A pattern whose group `secret` must never be stored or shown; `name` says what it is.

    `words`, in lower case, save a search of every line: one of them stands in the line of every match, in any case, and
    a match lies within one line. Without any, the pattern may match anywhere.
    """

    name: str
    pattern: re.Pattern[str]
    words: tuple[str, ...] = ()


def _no_recipe(_: Capture) -> Completeness:
    return Completeness(complete=False, reason="this platform has no proof of completeness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Everything the rest of the program knows of a platform; the last line of its one file makes it."""

    id: str
    title: str
    recognises: Callable[[Capture], bool]
    parse: Callable[[Capture], Parsed]
    prove: Callable[[Capture], Completeness] = field(default=_no_recipe)
    recipe: Recipe | None = None
    secrets: tuple[Secret, ...] = ()
