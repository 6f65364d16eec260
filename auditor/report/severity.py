"""How bad a finding is: one table, from its kind, where its traffic comes from and what it opens.

docs/severity.md prints the same table for people; a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.report.values import Kind, Severity

__all__ = ["TABLE", "SeverityRule", "severity"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityRule:
    """One line of the table: the kinds, what must hold of the traffic (None: either way), and the severity."""

    kinds: frozenset[Kind]
    from_internet: bool | None = None
    cleartext_or_admin: bool | None = None
    any_port: bool | None = None
    severity: Severity
    why: str

    def applies(self, kind: Kind, *, from_internet: bool, cleartext_or_admin: bool, any_port: bool) -> bool:
        """Tell whether this line judges such a finding."""
        return (
            kind in self.kinds
            and self.from_internet in {None, from_internet}
            and self.cleartext_or_admin in {None, cleartext_or_admin}
            and self.any_port in {None, any_port}
        )


TABLE: tuple[SeverityRule, ...] = (
    SeverityRule(
        kinds=frozenset({Kind.FORBIDDEN}),
        severity=Severity.CRITICAL,
        why="the baseline prohibits it",
    ),
    SeverityRule(
        kinds=frozenset({Kind.EXTRA, Kind.OVER_BROAD}),
        from_internet=True,
        any_port=True,
        severity=Severity.CRITICAL,
        why="every port of a protected host is open to the Internet",
    ),
    SeverityRule(
        kinds=frozenset({Kind.EXTRA}),
        from_internet=True,
        cleartext_or_admin=True,
        severity=Severity.HIGH,
        why="passwords in the clear, or administration, reach the Internet",
    ),
    SeverityRule(
        kinds=frozenset({Kind.MISSING}),
        severity=Severity.HIGH,
        why="a connection that SecureTransport needs does not work",
    ),
    SeverityRule(
        kinds=frozenset({Kind.PARTIAL, Kind.EXTRA, Kind.OVER_BROAD}),
        severity=Severity.MEDIUM,
        why="part of a needed connection is closed, or more is open than anybody needs",
    ),
    SeverityRule(
        kinds=frozenset({Kind.NOT_ASSESSABLE}),
        severity=Severity.MEDIUM,
        why="nobody can tell whether it works",
    ),
    SeverityRule(
        kinds=frozenset({Kind.UNREACHABLE, Kind.MANAGEMENT}),
        severity=Severity.LOW,
        why="a rule that says what does not happen, or a weak management plane",
    ),
    SeverityRule(
        kinds=frozenset({Kind.NOTE}),
        from_internet=True,
        severity=Severity.LOW,
        why="something not judged may be open to the Internet (IPv6 to a side whose groups have none)",
    ),
    SeverityRule(
        kinds=frozenset({Kind.RESTRICTED, Kind.NOTE}),
        severity=Severity.INFO,
        why="worth knowing",
    ),
)
"""The table, in order: the first line that applies gives the severity; together the lines cover every finding."""


def severity(
    kind: Kind, *, from_internet: bool = False, cleartext_or_admin: bool = False, any_port: bool = False
) -> Severity:
    """Give the severity of a finding.

    `from_internet`: the traffic's source reaches into the Internet group. `cleartext_or_admin`: it includes a port of
    a cleartext protocol or of administration. `any_port`: it includes every port of some protocol.
    """
    return next(
        rule.severity
        for rule in TABLE
        if rule.applies(kind, from_internet=from_internet, cleartext_or_admin=cleartext_or_admin, any_port=any_port)
    )
