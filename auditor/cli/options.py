"""The options, each defined once: a command takes the groups that make sense for it and gets each as one value."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from auditor.cli.main import Run

__all__ = [
    "Adhoc", "Collecting", "Common", "Judging", "Output", "Site", "adhoc", "assume_complete", "collecting", "common",
    "firewall", "grouped", "judging", "output", "platform", "site",
]  # fmt: skip

Command = TypeVar("Command", bound=Callable[..., Any])
Decorator = Callable[[Command], Command]

FAIL_ON: Final = ("critical", "high", "medium", "low", "never")


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """How much is said, and how it looks."""

    verbose: bool
    quiet: bool
    no_color: bool
    log_format: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Where results go: a format for stdout, and files by format."""

    format: str
    outputs: tuple[tuple[str, Path], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What ends a run in 1, and the moment at which it is judged (ISO 8601; empty: now)."""

    fail_on: str
    as_of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The deployment file and baselines; both may be left to their defaults."""

    deployment: Path | None
    baselines: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adhoc:
    """A site given by options, with or without a file below them."""

    sides: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    services: tuple[str, ...]
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collecting:
    """How a firewall is reached and who logs in; secrets come from the environment, a file or a prompt, never here."""

    user: str | None
    port: int | None
    key_file: Path | None
    agent: bool
    credentials: Path | None
    keyring: bool
    known_hosts: Path | None
    system_known_hosts: bool
    ssh_config: Path | None
    jump: tuple[str, ...]
    timeout: float | None


def grouped(name: str, group: type[Any], *options: Callable[[Any], Any]) -> Callable[[Command], Command]:
    """Make a decorator that adds click options and hands them to the command as one value."""
    fields = [item.name for item in dataclasses.fields(group)]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def call(*args: Any, **values: Any) -> Any:
            values[name] = group(**{key: values.pop(key) for key in fields})
            return command(*args, **values)

        wrapped: Any = call
        for option in reversed(options):
            wrapped = option(wrapped)
        return wrapped  # type: ignore[no-any-return]

    return decorate


def _verbose(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    run = ctx.find_object(Run)
    if run is not None:
        run.verbose = run.verbose or value
    return value


common: Decorator[Any] = grouped(
    "common",
    Common,
    click.option("-v", "--verbose", is_flag=True, is_eager=True, callback=_verbose, help="Show all there is."),
    click.option("--quiet", is_flag=True, help="Say nothing on stderr but errors."),
    click.option("--no-color", is_flag=True, help="No colour, even on a terminal (or set NO_COLOR)."),
    click.option(
        "--log-format", type=click.Choice(["text", "json"]), default="text", help="How messages on stderr look."
    ),
)


def _outputs(_: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, Path], ...]:
    from auditor.export.formats import FORMATS

    found = []
    for value in values:
        name, equals, path = value.partition("=")
        if not equals or not path:
            raise click.BadParameter(f"{value!r} is not FORMAT=PATH, such as json=report.json", param=parameter)
        if name not in FORMATS:
            raise click.BadParameter(f"there is no format {name!r}; one of: {', '.join(FORMATS)}", param=parameter)
        found.append((name, Path(path)))
    paths = [path for _, path in found]
    if len(set(paths)) != len(paths):
        raise click.BadParameter("two formats would write the same file", param=parameter)
    return tuple(found)


class _Format(click.ParamType):  # type: ignore[type-arg]  # generic for the checker alone
    """A format of the report, checked against the table only when the option is given."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from auditor.export.formats import FORMATS

        if value not in FORMATS:
            self.fail(f"there is no format {value!r}; one of: {', '.join(FORMATS)}", param, ctx)
        return str(value)


output: Decorator[Any] = grouped(
    "output",
    Output,
    click.option("-f", "--format", type=_Format(), default="text", help="What goes to stdout (default: text)."),
    click.option(
        "-o",
        "--output",
        "outputs",
        metavar="FORMAT=PATH",
        multiple=True,
        callback=_outputs,
        help="Also write a file; may be repeated.",
    ),
)


def _as_of(_: click.Context, parameter: click.Parameter, value: str | None) -> str:
    from auditor.cli.clock import moment

    try:
        return moment(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


judging: Decorator[Any] = grouped(
    "judging",
    Judging,
    click.option(
        "--fail-on",
        type=click.Choice(FAIL_ON),
        default="low",
        help="The least severity that ends the run in 1 (default: low).",
    ),
    click.option(
        "--as-of", metavar="DATE", callback=_as_of, help="Judge as of this UTC date or date-time (default: now)."
    ),
)

site: Decorator[Any] = grouped(
    "site",
    Site,
    click.option(
        "--deployment",
        type=click.Path(path_type=Path),
        envvar="ST_AUDIT_DEPLOYMENT",
        metavar="FILE",
        help="Who is who (default: ./deployment.yaml, if there is one).",
    ),
    click.option(
        "--baseline",
        "baselines",
        metavar="NAME|FILE",
        multiple=True,
        help="What is required, in place of the deployment's own; may be repeated.",
    ),
)


def _adhoc(command: Command) -> Command:
    @functools.wraps(command)
    def call(*args: Any, **values: Any) -> Any:
        names = ("edge", "edge_vip", "server", "trusted")
        groups = tuple((name, found) for name in names if (found := tuple(values.pop(name))))
        sides = values.pop("sides")
        services = values.pop("services")
        settings = values.pop("settings")
        values["adhoc"] = Adhoc(sides=sides, groups=groups, services=services, settings=settings)
        return command(*args, **values)

    wrapped: Any = call
    for option in reversed(_ADHOC):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


_ADHOC: Final = (
    click.option(
        "--side",
        "sides",
        metavar="NAME=MEMBER,…",
        multiple=True,
        help="Who stands behind an interface or zone: --side dmz=edge,edge_vip; may be repeated.",
    ),
    click.option("--edge", metavar="ADDRESS", multiple=True, help="Without a file: an Edge; may be repeated."),
    click.option("--edge-vip", metavar="ADDRESS", multiple=True, help="Without a file: the Edges' virtual address."),
    click.option("--server", metavar="ADDRESS", multiple=True, help="Without a file: a Server; may be repeated."),
    click.option("--trusted", metavar="NETWORK", multiple=True, help="Without a file: the secure network."),
    click.option(
        "--service", "services", metavar="NAME[=on|off]", multiple=True, help="Switch a service; may be repeated."
    ),
    click.option(
        "--set",
        "settings",
        metavar="PATH=VALUE",
        multiple=True,
        help="Set any option: services.ftp.passive_ports=40000-40099; may be repeated.",
    ),
)
adhoc: Decorator[Any] = _adhoc

collecting: Decorator[Any] = grouped(
    "collecting",
    Collecting,
    click.option("--user", metavar="NAME", help="Who logs in (or ST_AUDIT_USER)."),
    click.option("--port", type=click.IntRange(1, 65535), help="The SSH port (default: the deployment's, or 22)."),
    click.option(
        "--key-file",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A private key to log in with (or ST_AUDIT_KEY_FILE).",
    ),
    click.option("--agent", is_flag=True, help="Offer the keys of the running SSH agent."),
    click.option(
        "--credentials",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="A TOML file (0600) with users, passwords and enable secrets, by firewall.",
    ),
    click.option("--keyring", is_flag=True, help="Take what is missing from the system's keyring (extra `keyring`)."),
    click.option(
        "--known-hosts",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="The host keys to trust (default: st-audit's own file, see `st-audit trust`).",
    ),
    click.option(
        "--system-known-hosts",
        is_flag=True,
        help="Trust OpenSSH's own files as well (~/.ssh/known_hosts and /etc/ssh).",
    ),
    click.option(
        "--ssh-config",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Look names, ports, users, keys and jump hosts up in an OpenSSH configuration.",
    ),
    click.option(
        "--jump", metavar="[USER@]HOST[:PORT]", multiple=True, help="Go through a jump host; may be repeated, in order."
    ),
    click.option("--timeout", type=click.FloatRange(min=1), metavar="SECONDS", help="Give one collection up after."),
)


class _Platform(click.ParamType):  # type: ignore[type-arg]  # generic for the checker alone
    """A platform's id or `auto`, checked against what there is only when the option is given."""

    name = "platform"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str | None:
        from parsers.registry import ids

        if value == "auto":
            return None
        if value not in ids():
            self.fail(f"there is no platform {value!r}; one of: auto, {', '.join(ids())}", param, ctx)
        return str(value)


platform: Decorator[Any] = click.option(
    "--platform", type=_Platform(), metavar="ID|auto", help="What the configuration is of (default: auto)."
)
firewall: Decorator[Any] = click.option(
    "--firewall", metavar="NAME", help="Which of the deployment's firewalls it is (default: the only one that fits)."
)
assume_complete: Decorator[Any] = click.option(
    "--assume-complete",
    is_flag=True,
    help="Accept a file that does not prove to be whole; the report says so.",
)
