"""What holds for each fixture of each platform; a new platform is tested here as soon as its folder exists."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parsers.contract import LineState, Parsed
from parsers.errors import ParserError
from parsers.model.capture import Capture, Document, Span
from parsers.model.notation import read_all, render_all
from parsers.registry import detect, ids, platform
from tests.fixture_cases import Case, case_id, cases, judged, questions

ACCEPTED = [case for case in cases() if not case.refused]
REFUSED = [case for case in cases() if case.refused]


@cache
def parsed(case: Case) -> Parsed:
    """Parse a case once."""
    if not case.supported:
        pytest.skip(f"no parser yet for {case.platform}")
    return case.parse()


def spans(found: Parsed) -> Iterator[Span | None]:
    """Give the place of everything that has one."""
    for firewall in found.firewalls:
        for stage in firewall.stages:
            yield stage.default_span
            for chain in stage.chains:
                yield from (chain.rules.span(index) for index in range(len(chain.rules)))
        for item in firewall.objects:
            yield item.span
            yield from (span for _, span in item.members)
        for other in (firewall.interfaces, firewall.routes, firewall.helpers, firewall.bypasses, firewall.management):
            yield from (value.span for value in other)
    yield from (remark.span for remark in found.remarks)


@pytest.mark.parametrize("case", ACCEPTED, ids=case_id)
def test_every_line_is_accounted_for(case: Case) -> None:
    """The ledger has one state for each line of each document, and nothing points outside its document."""
    found = parsed(case)
    lengths = [len(document.lines()) for document in case.capture().documents]
    assert [len(states) for states in found.ledger] == lengths
    assert {state for states in found.ledger for state in states} <= set(LineState)
    places = [span for span in spans(found) if span is not None]
    assert [span for span in places if not 1 <= span.first <= span.last <= lengths[span.document]] == []


@pytest.mark.parametrize("case", [case for case in ACCEPTED if (case.folder / "verdicts.txt").exists()], ids=case_id)
def test_verdicts_written_by_hand(case: Case) -> None:
    """Each packet gets, through parser and interpreter, the verdict that the vendor's rules give it."""
    wrong = []
    for firewall, asked in questions(case, parsed(case)):
        names = [item.name for item in firewall.interfaces]
        known = [name for item in firewall.interfaces for name in (item.name, item.hardware, item.zone)]
        unknown = {asked.ingress, asked.egress or asked.ingress} - {"", *known}
        assert not (names and unknown), f"{asked.id}: no interface {unknown}, only {names}"
        judgement = judged(firewall, asked)
        if judgement.verdict != asked.verdict:
            words = [[step.text or str(step.span) for step in path.steps] for path in judgement.paths[:3]]
            wrong.append(f"{asked.id}: {asked.packet}: {judgement.verdict}, not {asked.verdict}: {words}")
    assert wrong == []


@pytest.mark.parametrize("case", [case for case in ACCEPTED if (case.folder / "model.txt").exists()], ids=case_id)
def test_model_is_the_golden_one(case: Case, *, update_goldens: bool) -> None:
    """The model in plain notation is the one that was checked; `--update-goldens` writes it anew to be checked."""
    file = case.folder / "model.txt"
    firewalls = parsed(case).firewalls
    text = render_all(firewalls)
    if update_goldens:
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")
    assert read_all(text) == firewalls


@pytest.mark.parametrize("case", [case for case in REFUSED if case.supported], ids=case_id)
def test_refused_with_a_reason(case: Case) -> None:
    """What the parser cannot judge it refuses, saying why."""
    with pytest.raises(ParserError) as caught:
        case.parse()
    assert caught.value.message


@pytest.mark.parametrize("case", [case for case in ACCEPTED if case.supported], ids=case_id)
def test_detected(case: Case) -> None:
    """Each configuration is recognised as its own platform's, and as no other's."""
    capture = case.capture()
    assert detect(Capture(documents=capture.documents)).id == case.platform


@st.composite
def mutants(draw: st.DrawFn, name: str) -> Capture:
    """Give captures of a platform with a few lines cut, repeated, moved or spoilt in one document."""
    capture = draw(st.sampled_from([case for case in cases() if case.platform == name])).capture()
    number = draw(st.integers(0, len(capture.documents) - 1))
    lines = capture.documents[number].lines() or [""]
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        place = draw(st.integers(0, len(words)))
        match draw(st.sampled_from(("cut", "repeat", "move", "drop word", "add word", "spoil", "end"))):
            case "cut":
                lines[at : at + draw(st.integers(1, 5))] = [""]
            case "repeat":
                lines.insert(at, lines[at])
            case "move":
                lines[at] = lines[draw(st.integers(0, len(lines) - 1))]
            case "drop word":
                lines[at] = " ".join(words[:place] + words[place + 1 :])
            case "add word":
                lines[at] = " ".join([*words[:place], draw(st.sampled_from(WORDS)), *words[place:]])
            case "spoil":
                lines[at] = draw(st.text(max_size=20))
            case _:
                del lines[at + 1 :]
    documents = list(capture.documents)
    old = documents[number]
    documents[number] = Document(
        name=old.name, command=old.command, text="\n".join(lines) + "\n", stderr=old.stderr, exit_status=old.exit_status
    )
    return Capture(documents=tuple(documents), platform=capture.platform)


WORDS = ("frobnicate", "any", "192.0.2.1", "0", "-1", "99999999999", "{", "}", '"', "<a>", "!", "tcp", "eq", "::/0")


@pytest.mark.parametrize("name", [name for name in ids() if any(case.platform == name for case in cases())])
def test_no_text_breaks_a_parser(name: str) -> None:
    """Whatever a capture holds, a parser gives a model with every line accounted for, or a ParserError."""

    @settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(mutants(name))
    def survives(capture: Capture) -> None:
        try:
            found = platform(name).parse(capture)
        except ParserError:
            return
        assert [len(states) for states in found.ledger] == [len(item.lines()) for item in capture.documents]
        assert read_all(render_all(found.firewalls)) == found.firewalls

    survives()
