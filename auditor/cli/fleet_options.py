"""The options of `fleet`, each group as one value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from auditor.cli.options import Adhoc, Collecting, Common, Decorator, Judging, Output, Site, grouped

if TYPE_CHECKING:
    from auditor.fleet.cluster import Cluster
    from auditor.fleet.mail import Mail
    from auditor.fleet.shard import Shard
    from auditor.fleet.webhook import Webhook

__all__ = ["Asked", "Choice", "Keeping", "Running", "Telling", "choice", "keeping", "running", "telling"]

_FILE: Final = click.Path(path_type=Path)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which firewalls are audited."""

    inventory: Path | None
    limit: tuple[str, ...]
    shard: Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """How they are collected: how many at once, by whom, and how often one is tried."""

    jobs: int
    retries: int
    retry_wait: float
    executor: str
    scheduler: str | None
    dask_ca: Path | None
    dask_cert: Path | None
    dask_key: Path | None

    def cluster(self) -> Cluster | None:
        """Give the cluster that collects, None for this process; raises UsageError."""
        from auditor.fleet.cluster import Cluster

        given = [self.scheduler, self.dask_ca, self.dask_cert, self.dask_key]
        if self.executor == "local":
            if any(given):
                raise click.UsageError("--scheduler and --dask-… are for --executor dask")
            return None
        if self.scheduler is None or self.dask_ca is None or self.dask_cert is None or self.dask_key is None:
            raise click.UsageError("--executor dask needs --scheduler, --dask-ca, --dask-cert and --dask-key")
        return Cluster(scheduler=self.scheduler, authority=self.dask_ca, certificate=self.dask_cert, key=self.dask_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """What a job leaves behind besides its reports."""

    state: Path | None
    lock_wait: float
    metrics: Path | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Who is told of changes; secrets come from the environment alone."""

    webhook: str | None
    mail_to: tuple[str, ...]
    mail_from: str | None
    smtp: str
    smtp_tls: str

    def webhook_of(self, environ: Mapping[str, str]) -> Webhook | None:
        """Give the webhook, signed by ST_AUDIT_WEBHOOK_SECRET where it is set; raises UsageError."""
        from auditor.collect.credentials import SecretText
        from auditor.fleet.webhook import Webhook

        if not self.webhook:
            return None
        secret = environ.get("ST_AUDIT_WEBHOOK_SECRET")
        return Webhook(url=SecretText(self.webhook), secret=SecretText(secret) if secret else None)

    def mail_of(self, environ: Mapping[str, str]) -> Mail | None:
        """Give the mail, with ST_AUDIT_SMTP_USER and _PASSWORD where they are set; raises UsageError."""
        from auditor.collect.credentials import SecretText
        from auditor.fleet.mail import Mail, Tls

        if not self.mail_to:
            return None
        if not self.mail_from:
            raise click.UsageError("--mail-to needs --mail-from")
        host, port = _host_and_port(self.smtp)
        password = environ.get("ST_AUDIT_SMTP_PASSWORD")
        return Mail(
            to=self.mail_to,
            sender=self.mail_from,
            host=host,
            port=port or {Tls.STARTTLS: 587, Tls.IMPLICIT: 465, Tls.NONE: 25}[Tls(self.smtp_tls)],
            tls=Tls(self.smtp_tls),
            user=environ.get("ST_AUDIT_SMTP_USER", ""),
            password=SecretText(password) if password else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """All that a command line of `fleet` said."""

    site: Site
    adhoc: Adhoc
    choice: Choice
    collecting: Collecting
    running: Running
    encoding: str
    save_config: Path | None
    waivers: Path | None
    record: bool
    keeping: Keeping
    telling: Telling
    judging: Judging
    output: Output
    common: Common


def _host_and_port(text: str) -> tuple[str, int | None]:
    host, colon, port = text.rpartition(":")
    if not colon or (host.count(":") and not host.startswith("[")):
        return text.strip("[]"), None
    if not port.isdigit():
        raise click.UsageError(f"--smtp {text} is no HOST[:PORT]")
    return host.strip("[]"), int(port)


def _shard(_: click.Context, __: click.Parameter, value: str | None) -> Shard:
    from auditor.fleet.shard import WHOLE, parse

    return WHOLE if value is None else parse(value)


choice: Decorator[Any] = grouped(
    "choice",
    Choice,
    click.option(
        "--inventory", type=_FILE, metavar="FILE",
        help="Audit the firewalls of an inventory: st-audit's own or Ansible's (YAML), or NetBox's devices (JSON).",
    ),
    click.option(
        "--limit", metavar="PATTERN", multiple=True,
        help="Only firewalls whose name, group or tag fits (*, ?); !PATTERN takes away. May be repeated.",
    ),
    click.option(
        "--shard", metavar="I/N", callback=_shard,
        help="Only part I of N: 1/N to N/N, or 0/N to N-1/N. `st-audit export` merges the parts' reports.",
    ),
)  # fmt: skip

running: Decorator[Any] = grouped(
    "running",
    Running,
    click.option(
        "-j", "--jobs", type=click.IntRange(1, 50), default=20, show_default=True,
        help="Firewalls that are collected at once.",
    ),
    click.option(
        "--retries", type=click.IntRange(0, 5), default=2, show_default=True,
        help="Further tries where a device is unreachable or silent; never after a refused login or host key.",
    ),
    click.option(
        "--retry-wait", type=click.FloatRange(min=0), default=2.0, show_default=True, metavar="SECONDS",
        help="How long to wait before the second try; four times longer before each further one.",
    ),
    click.option(
        "--executor", type=click.Choice(["local", "dask"]), default="local", show_default=True,
        help="Who collects: this process, or a dask cluster (extra `dask`).",
    ),
    click.option("--scheduler", metavar="tls://HOST:PORT", help="The cluster's scheduler."),
    click.option("--dask-ca", type=_FILE, metavar="FILE", help="The authority of the cluster's certificates (PEM)."),
    click.option("--dask-cert", type=_FILE, metavar="FILE", help="Our certificate for the cluster (PEM)."),
    click.option("--dask-key", type=_FILE, metavar="FILE", help="Its private key (PEM)."),
)  # fmt: skip

keeping: Decorator[Any] = grouped(
    "keeping",
    Keeping,
    click.option(
        "--state", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
        help="Where lock and memory of the job lie (default: $XDG_STATE_HOME/st-audit).",
    ),
    click.option(
        "--lock-wait", type=click.FloatRange(min=0), default=0.0, metavar="SECONDS",
        help="How long to wait for another run of the same job to end (default: not at all).",
    ),
    click.option(
        "--metrics", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
        help="Write metrics for Prometheus' textfile collector (NAME.prom).",
    ),
)  # fmt: skip

telling: Decorator[Any] = grouped(
    "telling",
    Telling,
    click.option(
        "--webhook", envvar="ST_AUDIT_WEBHOOK", metavar="URL",
        help="POST changes as JSON (better in ST_AUDIT_WEBHOOK: such URLs are secrets).",
    ),
    click.option("--mail-to", metavar="ADDRESS", multiple=True, help="Mail changes; may be repeated."),
    click.option("--mail-from", metavar="ADDRESS", help="Who sends the mail."),
    click.option("--smtp", metavar="HOST[:PORT]", default="localhost", show_default=True, help="The mail server."),
    click.option(
        "--smtp-tls", type=click.Choice(["starttls", "implicit", "none"]), default="starttls", show_default=True,
        help="How mail is protected; none only on this machine.",
    ),
)  # fmt: skip
