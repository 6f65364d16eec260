"""Evidence beside a configuration: hit counts of its lines, and the other unit of a failover pair."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parsers.model.capture import Capture, Document, Span
from parsers.platforms._cisco_lina.failover import differences
from parsers.platforms._cisco_lina.hits import counts_by_line, read_counts
from parsers.platforms.cisco_asa import PLATFORM

CONFIGURATION = Document(
    name="running-config",
    text="""\
: Serial Number: JAD0000EX01
ASA Version 9.16(4)
hostname fw1
access-list A remark clients
access-list A extended permit tcp any host 192.0.2.10 eq https log warnings interval 60
access-list B extended permit tcp any object-group EDGES eq ssh
access-list A extended deny ip any any inactive
failover
failover lan unit primary
Cryptochecksum:0123456789abcdef0123456789abcdef
: end
""",
)
SHOWN = """\
access-list cached ACL log flows: total 0, denied 0 (deny-flow-max 4096)
            alert-interval 300
access-list A; 2 elements; name hash: 0xcb4257a3
access-list A line 1 remark clients
access-list A line 2 extended permit tcp any host 192.0.2.10 eq https log warnings interval 60 (hitcnt=41) 0x20db5032
access-list A line 3 extended deny ip any any inactive (hitcnt=0) (inactive) 0xfe42d16f
access-list B; 2 elements; name hash: 0x178be4f2
access-list B line 1 extended permit tcp any object-group EDGES eq ssh (hitcnt=7) 0xb8411547
  access-list B line 1 extended permit tcp any host 192.0.2.11 eq ssh (hitcnt=7) 0xb86c056b
  access-list B line 1 extended permit tcp any host 192.0.2.12 eq ssh (hitcnt=0) 0x5eb7814e
"""


def test_a_line_has_the_count_of_all_its_parts() -> None:
    """Parts, remarks and headings are passed over; what is inactive is told."""
    found = read_counts(SHOWN)
    assert [(item.acl, item.line, item.count, item.inactive) for item in found] == [
        ("A", 2, 41, False),
        ("A", 3, 0, True),
        ("B", 1, 7, False),
    ]


def test_counts_find_their_lines() -> None:
    """A remark counts as a line of its list, lines of other lists do not."""
    found = counts_by_line(CONFIGURATION, Document(name="access-list", text=SHOWN))
    assert {line: item.count for line, item in found.items()} == {5: 41, 7: 0, 6: 7}


def test_a_line_that_changed_has_no_count() -> None:
    """Where the two texts differ the count is another rule's."""
    shown = SHOWN.replace("host 192.0.2.10 eq https", "host 192.0.2.10 eq www")
    assert 5 not in counts_by_line(CONFIGURATION, Document(name="access-list", text=shown))


@pytest.mark.corpus
def test_counts_of_the_corpus(corpus: Path) -> None:
    """Each line with a count is read, in every listing that the corpus holds."""
    files = sorted(corpus.glob("networktocode__ntc-templates/tests/cisco_asa/show_access-list/*.raw"))
    assert len(files) >= 5
    for file in files:
        text = file.read_text("utf-8")
        counted = [line for line in text.splitlines() if line.startswith("access-list") and "(hitcnt=" in line]
        found = read_counts(text)
        assert len(found) == len(counted), file.name
        assert all(item.words for item in found)


def test_a_pair_in_step_has_no_differences() -> None:
    """What belongs to one unit alone is no difference."""
    theirs = CONFIGURATION.text.replace("EX01", "EX02").replace("unit primary", "unit secondary")
    theirs = theirs.replace("0123456789abcdef", "fedcba9876543210")
    assert differences(CONFIGURATION, Document(name="standby", text=theirs)) == ()


def test_a_pair_out_of_step_is_told_line_by_line() -> None:
    """A rule that only one unit has, or has otherwise, is found with its place in both."""
    theirs = CONFIGURATION.text.replace("eq ssh", "eq telnet").replace(
        "access-list A extended deny ip any any inactive\n", ""
    )
    (changed,) = differences(CONFIGURATION, Document(name="standby", text=theirs))
    assert changed.ours == Span(document=0, first=6, last=7)
    assert changed.theirs == Span(document=1, first=6, last=6)
    assert changed.text.splitlines() == [
        "- access-list B extended permit tcp any object-group EDGES eq ssh",
        "- access-list A extended deny ip any any inactive",
        "+ access-list B extended permit tcp any object-group EDGES eq telnet",
    ]


def test_counts_stand_beside_the_meaning() -> None:
    """A capture with the shown access lists gives each counted line its use; without them it means the same."""
    shown = Document(name="access-list", command="show access-list", text=SHOWN)
    plain = PLATFORM.parse(Capture(documents=(CONFIGURATION,)))
    counted = PLATFORM.parse(Capture(documents=(CONFIGURATION, shown)))

    assert sorted((use.span.document, use.span.first, use.count) for use in counted.uses) == [
        (0, 5, 41),
        (0, 6, 7),
        (0, 7, 0),
    ]
    assert plain.uses == ()
    assert counted.firewalls == plain.firewalls


def test_each_context_has_counts_of_its_own() -> None:
    """The lists shown within a context are of that context's lines."""
    context = replace(CONFIGURATION, name="running-config/dmz")
    shown = Document(name="access-list/dmz", text=SHOWN)
    other = Document(name="access-list/inside", text=SHOWN.replace("hitcnt=7", "hitcnt=9"))
    counted = PLATFORM.parse(Capture(documents=(context, other, shown)))

    assert {use.count for use in counted.uses} == {41, 7, 0}
