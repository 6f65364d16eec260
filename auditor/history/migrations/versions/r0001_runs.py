"""The first tables: runs with their baselines, firewalls, rows, findings, documents and texts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import VARCHAR

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "st_audit_runs",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("recorded_at", _moment(), nullable=False),
        sa.Column("as_of", _moment(), nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("deployment", sa.Text),
        sa.Column("deployment_sha256", sa.String(64)),
        sa.Column("waivers_sha256", sa.String(64)),
        sa.Column("tool_version", sa.Text, nullable=False),
        sa.Column("fail_on", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("worst_finding", sa.String(16)),
        sa.Column("name", sa.Text),
        sa.Column("report_sha256", sa.String(64), nullable=False),
        sa.Column("report", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_st_audit_runs"),
        sa.UniqueConstraint("name", name="uq_st_audit_runs_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_st_audit_runs_as_of", "st_audit_runs", ["as_of"])
    op.create_table(
        "st_audit_baselines",
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("run", "position", name="pk_st_audit_baselines"),
        _parent("baselines", "run", "st_audit_runs.id"),
    )
    op.create_table(
        "st_audit_firewalls",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("run", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("context", sa.Text, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("error", sa.String(32)),
        sa.Column("hostname", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_st_audit_firewalls"),
        _parent("firewalls", "run", "st_audit_runs.id"),
    )
    op.create_index("ix_st_audit_firewalls_run", "st_audit_firewalls", ["run"])
    op.create_index("ix_st_audit_firewalls_name_context", "st_audit_firewalls", ["name", "context"])
    op.create_table(
        "st_audit_rows",
        sa.Column("firewall", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("confidence", sa.String(16), nullable=False),
        sa.PrimaryKeyConstraint("firewall", "position", name="pk_st_audit_rows"),
        _parent("rows", "firewall", "st_audit_firewalls.id"),
    )
    op.create_table(
        "st_audit_findings",
        sa.Column("firewall", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("finding", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("severity", sa.String(16), nullable=False),
        sa.Column("confidence", sa.String(16), nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("size", sa.Text, nullable=False),
        sa.Column("hits", sa.BigInteger),
        sa.Column("ticket", sa.Text),
        sa.Column("waived_until", sa.Text),
        sa.PrimaryKeyConstraint("firewall", "position", name="pk_st_audit_findings"),
        _parent("findings", "firewall", "st_audit_firewalls.id"),
    )
    op.create_index("ix_st_audit_findings_finding", "st_audit_findings", ["finding"])
    op.create_table(
        "st_audit_texts",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_st_audit_texts"),
    )
    op.create_table(
        "st_audit_documents",
        sa.Column("firewall", sa.Integer, nullable=False),
        sa.Column("position", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("command", sa.Text, nullable=False),
        sa.Column("exit_status", sa.Integer),
        sa.Column("stderr", sa.LargeBinary, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("firewall", "position", name="pk_st_audit_documents"),
        _parent("documents", "firewall", "st_audit_firewalls.id"),
        sa.ForeignKeyConstraint(["sha256"], ["st_audit_texts.sha256"], name="fk_st_audit_documents_sha256"),
    )
    op.create_index("ix_st_audit_documents_sha256", "st_audit_documents", ["sha256"])


def _moment() -> sa.String:
    return sa.String(20).with_variant(VARCHAR(20, collation="C"), "postgresql")


def _parent(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    """What belongs to a run goes with it."""
    return sa.ForeignKeyConstraint([column], [target], name=f"fk_st_audit_{table}_{column}", ondelete="CASCADE")
