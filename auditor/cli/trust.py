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
    (on an ASA: show ssh key-hostname; on Linux: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub).

    Ends in 0 when the key is pinned, in 3 when it is not.
    """
    from dataclasses import replace as changed

    from auditor.cli.connecting import budget, known_hosts_file, target
    from auditor.cli.logs import start
    from auditor.cli.site import entry_of
    from auditor.collect.known_hosts import HostKeys
    from auditor.collect.trust import fetch_key, trust

    logger = start(common)
    if collecting.jump:
        raise click.UsageError("a key is not fetched through a jump host: write its fingerprint into the deployment")
    goal = target(host, entry_of(host, site), collecting)
    if fingerprint is not None:
        goal = changed(goal, fingerprint=fingerprint)
    file = known_hosts_file(collecting)
    key = fetch_key(goal, host_keys=HostKeys(own=file), budget=budget(collecting))
    emit(f"{goal.name} {key}\n")
    sys.stdout.flush()
    if fingerprint is None and not _confirmed():
        logger.error("not pinned; give --fingerprint %s to pin it without being asked", key.fingerprint)
        return 3
    trust(goal, key, file, replace=replace)
    logger.info("pinned in %s", file)
    return 0


def _confirmed() -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm("Is this the fingerprint that the device itself shows?", default=False, err=True)
