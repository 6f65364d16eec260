"""What holds for every test: real parts or a named skip, one property profile, one prober at a time."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
CORPUS_VARIABLE = "ST_AUDIT_CORPUS"
NETNS_PROGRAMS = ("ip", "nft", "iptables-save", "ipset", "conntrack", "sshd", "ssh-keygen")
SYSTEM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])

# The machine is shared, so a slow example says nothing; in CI a failure must come back on the next run.
settings.register_profile("house", deadline=None, print_blob=True, derandomize=os.environ.get("CI") == "true")
settings.load_profile("house")


def netns_obstacle() -> str | None:
    """Say why tests that load real firewalls into namespaces of their own cannot run here, or None."""
    if sys.platform != "linux":
        return f"network namespaces need Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [program for program in NETNS_PROGRAMS if shutil.which(program, path=SYSTEM_PATH) is None]
    return f"not installed: {', '.join(missing)} (tests/setup.sh)" if missing else None


def find_corpus() -> Path | None:
    """Find the folder of corpus configurations: $ST_AUDIT_CORPUS, or `shared/corpus` beside the repository."""
    named = os.environ.get(CORPUS_VARIABLE)
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    return folder if folder.is_dir() else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that writes golden files anew; what it wrote is read before it is committed."""
    parser.addoption("--update-goldens", action="store_true", help="write the fixtures' model.txt anew")


@pytest.fixture
def update_goldens(request: pytest.FixtureRequest) -> bool:
    """Tell whether golden files are to be written anew."""
    return bool(request.config.getoption("--update-goldens"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip, by name, what needs parts that are absent (in CI the real firewalls must be there); group the probers."""
    obstacle = netns_obstacle()
    in_ci = os.environ.get("CI") == "true"
    for item in items:
        if item.get_closest_marker("netns") is not None:
            item.add_marker(pytest.mark.xdist_group("netns"))
            if obstacle is not None and not in_ci:
                item.add_marker(pytest.mark.skip(reason=f"real firewall: {obstacle}"))
        if item.get_closest_marker("corpus") is not None and find_corpus() is None:
            item.add_marker(pytest.mark.skip(reason=f"corpus: no folder; ${CORPUS_VARIABLE} names one"))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Give the folder of corpus configurations; the test carries the marker `corpus`."""
    folder = find_corpus()
    if folder is None:
        pytest.skip(f"corpus: no folder; ${CORPUS_VARIABLE} names one")
    return folder
