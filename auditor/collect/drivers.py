"""netmiko, behind one file: it knows each platform's login and preparation; our own reader does the rest.

Its driver works on our guarded wire, not on a connection of its own: host keys, authentication and algorithms are
decided before, and nothing that it sends passes the allowlist unseen. Its own reading is used for the few lines of the
preparation only, never for a configuration, since it takes any prompt in the text for the end.
"""

from __future__ import annotations

import logging
import time
from types import SimpleNamespace
from typing import Any, Final, cast

from auditor.collect.credentials import SecretText
from auditor.collect.target import Budget, Target
from auditor.collect.wire import Wire
from auditor.errors import BugError, CollectionError, FailureKind, StAuditError
from parsers.contract import Recipe

__all__ = ["prepare"]

_LOGGER: Final = "netmiko"


def prepare(wire: Wire, recipe: Recipe, target: Target, *, secret: SecretText | None, budget: Budget) -> None:
    """Bring a fresh shell to a prompt, in privileged mode where the recipe wants it and a secret is given.

    Raises CollectionError (authentication) if the device does not let us into privileged mode, (incomplete) if its
    login does not end in a prompt.
    """
    import netmiko
    from netmiko import base_connection
    from netmiko.channel import SSHChannel

    # netmiko measures its patience by the system's clock, and one that jumps would end a login.
    cast("Any", base_connection).time = SimpleNamespace(time=time.monotonic, sleep=time.sleep)
    # At debug level netmiko writes down everything that it reads and sends.
    logging.getLogger(_LOGGER).setLevel(logging.WARNING)
    try:
        driver_class = cast("Any", netmiko.ssh_dispatcher(recipe.driver))
    except (KeyError, ValueError) as exc:
        raise BugError(f"netmiko has no driver {recipe.driver!r}") from exc
    driver = driver_class(
        host=target.host,
        device_type=recipe.driver,
        secret=secret.reveal() if secret is not None else "",
        auto_connect=False,
        allow_auto_change=False,  # True would enter configuration mode on an ASA to set the terminal's width
        read_timeout_override=budget.idle,
    )
    # Without a secret the ASA's driver would send `login` and a password, up to ten times.
    driver.asa_login = lambda: None
    # Paging and width are the recipe's `preparation`, sent and checked by our reader. The drivers' own way is not
    # always read-only (FortiOS: `config system console`), and none of them looks whether it was refused.
    driver.disable_paging = driver.set_terminal_width = lambda *_, **__: ""
    driver.remote_conn = wire
    driver.channel = SSHChannel(conn=cast("Any", wire), encoding="utf-8")
    try:
        driver.write_channel("\n")
        driver.session_preparation()
        if recipe.enable and secret is not None and not driver.check_enable_mode():
            driver.enable()
    except (StAuditError, MemoryError):
        raise
    except (netmiko.NetmikoBaseException, netmiko.NetmikoTimeoutException, TimeoutError, OSError, ValueError) as exc:
        raise _login_failed(wire) from exc
    finally:
        # The driver is dropped, not disconnected: the wire goes on, and it is ours to close.
        driver.remote_conn = None
        logging.getLogger(_LOGGER).removeFilter(driver._secrets_filter)  # noqa: SLF001 - or it stays there for good


def _login_failed(wire: Wire) -> CollectionError:
    if wire.secret_sent:
        return CollectionError(
            "the device did not enter privileged mode after the enable secret",
            kind=FailureKind.AUTHENTICATION,
            hint="check ST_AUDIT_ENABLE_SECRET and whether the account may use enable",
        )
    return CollectionError(
        "the login did not end in a prompt",
        kind=FailureKind.INCOMPLETE,
        hint="log in by hand with ssh and look at what the device prints or asks first; is the platform right?",
    )
