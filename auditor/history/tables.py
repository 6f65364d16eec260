"""The tables of the history. A change here goes with a step in `migrations/versions`; a test holds the two together.

The report itself is kept whole, compressed; rows, findings and hashes beside it are what questions are asked of. Texts
are kept once, however many runs collected the same. Moments are texts in ISO 8601 and UTC, whose order is that of
time. Sizes are decimal texts: they are larger than what databases count with.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import VARCHAR

__all__ = [
    "BASELINES", "DOCUMENTS", "FINDINGS", "FIREWALLS", "METADATA", "MOMENT", "ROWS", "RUNS", "TEXTS", "VERSION_TABLE",
]  # fmt: skip

VERSION_TABLE: Final = "st_audit_version"
"""Where alembic keeps the version; every table has a name of ours, since a server's schema may be shared."""

METADATA: Final = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

MOMENT: Final = String(20).with_variant(VARCHAR(20, collation="C"), "postgresql")
"""A text whose order is that of its bytes, whatever language the server speaks."""

RUNS: Final = Table(
    "st_audit_runs",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("recorded_at", MOMENT, nullable=False),
    Column("as_of", MOMENT, nullable=False, index=True),
    Column("command", Text, nullable=False),
    Column("deployment", Text),
    Column("deployment_sha256", String(64)),
    Column("waivers_sha256", String(64)),
    Column("tool_version", Text, nullable=False),
    Column("fail_on", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("exit_code", Integer, nullable=False),
    Column("worst_finding", String(16)),
    Column("name", Text, unique=True),
    Column("report_sha256", String(64), nullable=False),
    Column("report", LargeBinary, nullable=False),
    sqlite_autoincrement=True,  # the number of a run that was taken away never comes again
)

BASELINES: Final = Table(
    "st_audit_baselines",
    METADATA,
    Column("run", ForeignKey(RUNS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
)

FIREWALLS: Final = Table(
    "st_audit_firewalls",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("run", ForeignKey(RUNS.c.id, ondelete="CASCADE"), nullable=False, index=True),
    Column("position", Integer, nullable=False),
    Column("name", Text, nullable=False),
    Column("context", Text, nullable=False),
    Column("platform", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("error", String(32)),
    Column("hostname", Text, nullable=False),
    Column("version", Text, nullable=False),
    Index(None, "name", "context"),
)

ROWS: Final = Table(
    "st_audit_rows",
    METADATA,
    Column("firewall", ForeignKey(FIREWALLS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("row", Text, nullable=False),
    Column("verdict", String(16), nullable=False),
    Column("confidence", String(16), nullable=False),
)

FINDINGS: Final = Table(
    "st_audit_findings",
    METADATA,
    Column("firewall", ForeignKey(FIREWALLS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("finding", Text, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("severity", String(16), nullable=False),
    Column("confidence", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("size", Text, nullable=False),
    Column("hits", BigInteger),
    Column("ticket", Text),
    Column("waived_until", Text),
)

TEXTS: Final = Table(
    "st_audit_texts",
    METADATA,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

DOCUMENTS: Final = Table(
    "st_audit_documents",
    METADATA,
    Column("firewall", ForeignKey(FIREWALLS.c.id, ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("command", Text, nullable=False),
    Column("exit_status", Integer),
    Column("stderr", LargeBinary, nullable=False),
    Column("sha256", ForeignKey(TEXTS.c.sha256), nullable=False, index=True),
)
