"""`st-audit trust`: look at a firewall's host key without logging in, and pin it."""

from __future__ import annotations

import sys

import click

from auditor.cli.options import Collecting, Common, Site, collecting, common, site
from auditor.cli.output import emit

__all__ = ["command"]


@click.command("trust", short_help="Show a host key's fingerprint and pin it.")
@click.argument("host", metavar="HOST")
@click.option("--fingerprint", metavar="SHA256:…", help="Pin the key without asking, if this is its fingerprint.")
@click.option("--replace", is_flag=True, help="Pin it in place of another key that is known for the host.")
@site
@collecting
@common
def command(
    host: str, fingerprint: str | None, replace: bool, site: Site, collecting: Collecting, common: Common
) -> int:
    """Show the key that HOST presents, and pin it on confirmation.

    HOST is a firewall's name in the deployment, or an address. Compare the fingerprint with what the device itself says
    (on an ASA: show ssh key-hostname; on Linux: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). Jump hosts on the
    way must be trusted before, and are logged in to.

    Ends in 0 when the key is pinned, in 3 when it is not.
    """
    from dataclasses import replace as changed

    from auditor.cli.connecting import budget, host_keys, reach
    from auditor.cli.logs import start
    from auditor.cli.site import entry_of
    from auditor.collect.trust import fetch_key, trust

    logger = start(common)
    way = reach(host, entry_of(host, site), collecting, log_in=False)
    goal = way.target if fingerprint is None else changed(way.target, fingerprint=fingerprint)
    known = host_keys(collecting, pinning=True)
    key = fetch_key(
        goal,
        host_keys=known,
        jump_credentials=way.jump_credentials,
        budget=budget(collecting),
    )
    emit(f"{goal.name} {key}\n")
    sys.stdout.flush()
    if fingerprint is None and not _confirmed():
        logger.error("not pinned; give --fingerprint %s to pin it without being asked", key.fingerprint)
        return 3
    trust(goal, key, known.own, replace=replace)
    logger.info("pinned in %s", known.own)
    return 0


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm("Is this the fingerprint that the device itself shows?", default=False, err=True)
