"""The demonstration: a real SSH server with its own pinned key, collected as any device is."""

from __future__ import annotations

import builtins
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from auditor.capture.completeness import demand
from auditor.collect.known_hosts import HostKeys
from auditor.collect.session import collect
from auditor.collect.target import Target
from auditor.demo import run, server
from auditor.demo.run import configuration, deployment, start
from auditor.errors import CollectionError, FailureKind, UsageError
from parsers.platforms.cisco_asa import PLATFORM

NO_KEYS = HostKeys(own=Path("/nonexistent/known_hosts"))


def test_the_demonstration_is_collected_whole_by_the_platforms_own_recipe() -> None:
    """The capture is the packaged configuration, line by line, but for its planted secrets."""
    with start() as demo:
        collected = collect(demo.target, demo.credentials, platform=PLATFORM, host_keys=NO_KEYS)
        record = demo.emulator.record

    running, version, failover, lists = collected.capture.documents
    changed = [
        (ours, theirs)
        for ours, theirs in zip(configuration().split("\n"), running.text.split("\n"), strict=True)
        if ours != theirs
    ]
    assert len(changed) == 4
    assert all(re.sub(r"<redacted:\d>", "", theirs) != ours for ours, theirs in changed)
    assert "FAKE" not in running.text
    assert "Cisco Adaptive Security Appliance Software Version 9.16(4)" in version.text
    assert failover.text == "Failover Off\n"
    counted = "access-list OUTSIDE_IN line 6 extended permit tcp any object ST-VIP eq www (hitcnt="
    assert counted in lists.text
    assert demand(PLATFORM, collected.capture) is None
    assert record.changes == []
    assert PLATFORM.recipe is not None
    assert all(any(re.fullmatch(p, line) for p in PLATFORM.recipe.allowed) for line in record.commands)


def test_each_demonstration_has_secrets_and_a_key_of_its_own() -> None:
    """Nobody can log in with what an earlier run, or the source, gives away."""
    with start() as one, start() as two:
        assert one.target.fingerprint != two.target.fingerprint
        assert set(one.credentials.secrets()).isdisjoint(two.credentials.secrets())
        stranger = Target(host=two.target.host, port=two.target.port, fingerprint=one.target.fingerprint)
        with pytest.raises(CollectionError) as caught:
            collect(stranger, one.credentials, platform=PLATFORM, host_keys=NO_KEYS)

    assert caught.value.kind is FailureKind.HOST_KEY_CHANGED


def test_nothing_runs_on_after_the_demonstration() -> None:
    """Server, port and thread are gone."""
    with start() as demo:
        target = demo.target
    assert "emulator" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(CollectionError) as caught:
        collect(target, demo.credentials, platform=PLATFORM, host_keys=NO_KEYS)
    assert caught.value.kind is FailureKind.UNREACHABLE


def test_the_site_names_the_firewall_that_is_started() -> None:
    """Deployment and emulator are about the same firewall."""
    assert f"\n  {run.FIREWALL}:\n    platform: {run.PLATFORM}\n" in deployment()


def test_a_missing_extra_is_a_usage_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without asyncssh the way to install it is named."""
    original = builtins.__import__

    def without_asyncssh(
        name: str,
        names: Mapping[str, object] | None = None,
        scope: Mapping[str, object] | None = None,
        fromlist: Sequence[str] = (),
        level: int = 0,
    ) -> object:
        if name == "asyncssh":
            raise ModuleNotFoundError(name)
        return original(name, names, scope, fromlist, level)

    monkeypatch.delitem(sys.modules, "asyncssh", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_asyncssh)
    with pytest.raises(UsageError, match="asyncssh") as caught, start():
        pass
    assert "st-audit[demo]" in caught.value.hint
    assert server.__name__ in sys.modules
