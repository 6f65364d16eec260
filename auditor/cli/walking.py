"""A judged packet in words and in JSON: its way through the stages and the lines that decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from auditor.export.escape import shortened, visible
from auditor.export.json import line as line_values
from auditor.export.words import place
from auditor.report.values import Line, LineRole

if TYPE_CHECKING:
    from auditor.cli.packets import Asked
    from parsers.model.capture import Capture
    from parsers.model.firewall import Firewall
    from parsers.model.interpreter import Judgement, Path, Step

__all__ = ["Walking"]

_LIMIT = 300
_INDENT = "     "


class Walking:
    """Words for the judgements of one firewall; the text of a line is cut out of the capture once."""

    def __init__(self, firewall: Firewall, capture: Capture) -> None:
        """Take what was judged and the text that it came from."""
        self._firewall = firewall
        self._names = [document.name for document in capture.documents]
        self._texts = [document.lines() for document in capture.documents]
        self._lines: dict[Step, Line] = {}

    def line_of(self, step: Step) -> Line:
        """Give the place of a decision: its lines, or its words where it is implicit."""
        found = self._lines.get(step)
        if found is None:
            found = self._lines[step] = self._line(step)
        return found

    def _line(self, step: Step) -> Line:
        span = step.span
        if span is None:
            name = self._names[0]
            return Line(file=name, line=None, end_line=None, text=step.text or "implicit", role=LineRole.DEFAULT)
        role = LineRole.TRANSLATES if step.translates else LineRole.PERMITS if step.permits else LineRole.DENIES
        return Line(
            file=self._names[span.document],
            line=span.first,
            end_line=span.last,
            text="\n".join(self._texts[span.document][span.first - 1 : span.last]),
            role=role,
        )

    def deciding_lines(self, judgement: Judgement) -> tuple[Line, ...]:
        """Give the lines that decide: of a denial the one that denies, of a permit every one that let the packet pass.

        Implicit permits decide only where no line does.
        """
        lines: dict[Line, None] = {}
        for path in judgement.paths:
            steps = path.steps if path.permitted else path.steps[-1:]
            filters = [step for step in steps if not step.translates]
            written = any(step.span is not None for step in filters)
            for step in steps:
                if step.span is not None or (step in filters and not (path.permitted and written)):
                    lines[self.line_of(step)] = None
        return tuple(lines)

    def values(self, asked: Asked, judgement: Judgement) -> dict[str, Any]:
        """Give a judged packet as JSON values."""
        leaves = list(dict.fromkeys(path.egress for path in judgement.paths))
        return {
            "id": asked.id,
            "verdict": judgement.verdict.value,
            "decided_by": [line_values(line) for line in self.deciding_lines(judgement)],
            "path": {"in": asked.ingress, "out": leaves[0] if len(leaves) == 1 else asked.egress},
        }

    def walk(self, asked: Asked, judgement: Judgement) -> Iterator[str]:
        """Give the lines of text that follow a packet through the stages of every world that is possible."""
        yield str(asked.packet)
        if len(self._names) == 1:
            yield f"in {visible(self._names[0])}"
        worlds = len(judgement.paths)
        for number, path in enumerate(judgement.paths, start=1):
            yield ""
            if worlds > 1:
                yield f"possibility {number} of {worlds}: {'permit' if path.permitted else 'deny'}"
            where = f"arrives on {visible(asked.ingress)}" if asked.ingress else "sent by the firewall itself"
            yield f"{_INDENT}{where}"
            yield from self._steps(path)
            if path.permitted:
                changed = f" as {path.packet}" if path.packet != asked.packet else ""
                yield f"{_INDENT}leaves by {visible(path.egress or 'an unknown interface')}{changed}"
        if not judgement.complete and judgement.paths:
            yield ""
            yield f"{_INDENT}not every possibility was followed: there are too many"

    def reply(self, path: Path, judgement: Judgement) -> Iterator[str]:
        """Give the lines of text that follow the first reply of a connection that took a path."""
        yield ""
        if path.replies:
            yield f"{_INDENT}the reply belongs to a connection that every stateful stage knows"
        for answer in judgement.paths:
            word = "passes" if answer.permitted else "is blocked"
            yield f"{_INDENT}the reply {word} as {answer.packet}"
            yield from self._steps(answer)

    def _steps(self, path: Path) -> Iterator[str]:
        shown = [step for step in path.steps if step.span is not None or not step.translates]
        lines = [self.line_of(step) for step in shown]
        places = ["" if line.line is None else self._place(line) for line in lines]
        stages = max((len(visible(step.stage)) for step in shown), default=0)
        width = max(map(len, places), default=0)
        words = [
            ("translates" if step.translates else "permits" if step.permits else "DENIES")
            + ("" if step.sure else " perhaps")
            for step in shown
        ]
        wide = max(map(len, words), default=0)
        for number, (step, line, where, word) in enumerate(zip(shown, lines, places, words, strict=True), start=1):
            text = visible(shortened(line.text.split("\n")[0].strip(), _LIMIT))
            yield f"{number:>3}  {visible(step.stage):<{stages}}  {word:<{wide}}  {where:<{width}}  {text}".rstrip()
            for condition in self._conditions(step):
                yield f"{_INDENT}{'':<{stages}}  depends on {visible(condition)}"

    def _place(self, line: Line) -> str:
        """Give where a line stands; its file is named once above where there is only one."""
        return f"line {place(line, with_file=False)}" if len(self._names) == 1 else visible(place(line))

    def _conditions(self, step: Step) -> Iterator[str]:
        if step.index is None:
            return
        for stage in self._firewall.stages:
            if stage.name != step.stage:
                continue
            for chain in stage.chains:
                if chain.name == step.chain and step.index < len(chain.rules):
                    for condition in chain.rules[step.index].conditions:
                        yield condition.text or f"{condition.kind.value} {', '.join(condition.values)}".rstrip()
                    return
