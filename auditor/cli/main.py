"""The entry point: runs a command, and turns however it ends into a message on stderr and an exit code.

Nothing heavy is imported here: `st-audit --version` costs a bare interpreter and click.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final, cast

import click

from auditor.version import VERSION

__all__ = ["COMMANDS", "Run", "cli", "main"]

COMMANDS: Final = {
    "host": ("auditor.cli.host", "Collect firewalls over SSH and audit them."),
    "fleet": ("auditor.cli.fleet", "Audit every firewall of the deployment or an inventory, in parallel."),
    "config": ("auditor.cli.config", "Audit saved running configurations, without a network."),
    "flow": ("auditor.cli.flow", "Follow one connection stage by stage to the lines that decide."),
    "show": ("auditor.cli.show", "Print the normalised rules of a configuration."),
    "baseline": ("auditor.cli.baseline", "List, show, explain and check what is required."),
    "export": ("auditor.cli.export", "Render stored reports in any format."),
    "verify": ("auditor.cli.verify", "Replay an evidence bundle and compare."),
    "history": ("auditor.cli.history", "List, show, keep and prune stored runs."),
    "drift": ("auditor.cli.drift", "Say what changed between two runs, by effective traffic."),
    "waivers": ("auditor.cli.waivers", "Check, list and write waivers."),
    "trust": ("auditor.cli.trust", "Show a host key's fingerprint and pin it."),
    "platforms": ("auditor.cli.platforms", "List the platforms that can be read."),
    "init": ("auditor.cli.init", "Write a commented deployment file."),
    "schema": ("auditor.cli.schema", "Print the JSON Schema of a file or a report."),
    "demo": ("auditor.cli.demo", "Audit the built-in firewall over SSH."),
}
"""Each command's module, whose `command` is imported when it runs, and its line in the help."""

_PIPE_CLOSED: Final = 128 + 13
_COMPLETION: Final = "_ST_AUDIT_COMPLETE"
"""How a shell asks click for completions."""


@dataclass(slots=True)
class Run:
    """What the end of a run must know of its options, however early it comes."""

    verbose: bool = False


class Terminated(BaseException):
    """SIGTERM came; not an Exception, so that no handler of errors takes it for one."""


class Commands(click.Group):
    """A group whose commands are imported one by one, when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(COMMANDS[cmd_name][0])
        return cast("click.Command", module.command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.exceptions.NoSuchCommand(name, possibilities=COMMANDS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="st-audit", message="%(prog)s %(version)s")
def cli() -> None:
    """Say what a firewall really enforces, and where that differs from what SecureTransport needs.

    Exit codes: 0 compliant, 1 findings, 2 usage, 3 not assessable, 4 nothing to judge, 70 a bug, 130 interrupted,
    143 terminated.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command line (default: the process's own) and give its exit code; messages go to stderr."""
    run = Run()
    before = _on_termination()
    # A run makes millions of values and next to no cycles: collecting them costs a quarter of its time.
    collecting = gc.isenabled()
    gc.disable()
    try:
        code = _invoke(sys.argv[1:] if arguments is None else list(arguments), run)
        sys.stdout.flush()
    except (KeyboardInterrupt, click.Abort):
        _say("interrupted")
        return 130
    except Terminated:
        _say("terminated")
        return 143
    except BrokenPipeError:
        # The reader went away; there is nobody left to tell, and Python must not try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _PIPE_CLOSED
    except click.ClickException as error:
        error.show()
        return 2
    except Exception as error:  # noqa: BLE001 - the one place where an error becomes an exit code
        return _fail(error, run)
    finally:
        if arguments is None:
            # The process is about to end; what it holds need not be searched for cycles three times before.
            gc.freeze()
        elif collecting:
            gc.enable()
        if before is not None:
            signal.signal(signal.SIGTERM, before)
    return code if isinstance(code, int) else 0


def _invoke(arguments: list[str], run: Run) -> object:
    """Run the command; click's own way to do so ends in 1, which means findings here, when a pipe is closed."""
    if _COMPLETION in os.environ:
        return cli.main(args=arguments, prog_name="st-audit")
    try:
        with cli.make_context("st-audit", arguments, obj=run) as context:
            return cli.invoke(context)
    except click.exceptions.Exit as end:
        return end.exit_code


def _on_termination() -> signal.Handlers | None:
    if threading.current_thread() is not threading.main_thread():
        return None

    def terminate(_signal: int, _frame: FrameType | None) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    return before if isinstance(before, signal.Handlers) else signal.SIG_DFL


def _fail(error: Exception, run: Run) -> int:
    """Say what went wrong and give the exit code; only an error that nobody foresaw is a bug."""
    from auditor.errors import StAuditError
    from parsers.errors import DetectionError, ParserError

    if isinstance(error, StAuditError) and error.exit_code != 70:
        _say(f"error: {error}")
        return error.exit_code
    if isinstance(error, ParserError):
        _say(f"error: {error}")
        return 2 if isinstance(error, DetectionError) and error.candidates else 3
    _bug(error, verbose=run.verbose)
    return 70


def _bug(error: Exception, *, verbose: bool) -> None:
    """Say where the program failed: our own words and our own source lines, never a value, which may be a secret."""
    import traceback

    from auditor.errors import StAuditError

    frames = traceback.extract_tb(error.__traceback__)
    where = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    words = str(error) if isinstance(error, StAuditError) else f"{type(error).__name__}{where}"
    _say(f"bug: {words}")
    if verbose:
        _say("".join(traceback.format_list(frames)).rstrip("\n"))
    else:
        _say("This is a bug in st-audit, not in your files. Please report it with what the same command says with -v.")


def _say(text: str) -> None:
    from auditor.export.escape import visible

    sys.stderr.write(visible(text, keep="\n") + "\n")
