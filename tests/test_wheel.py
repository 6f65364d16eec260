"""The wheel is the product: whole, free of tests, and working from another folder than the repository."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("auditor", "baselines", "parsers")

IMPORT_ALL = """
import importlib, pkgutil, sys
for package in sys.argv[1:]:
    folder = importlib.import_module(package)
    print(folder.__file__)
    for module in pkgutil.walk_packages(folder.__path__, package + "."):
        if not module.name.endswith(".migrations.env"):  # a script that alembic runs, no module
            importlib.import_module(module.name)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the locked build back end, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [
            sys.executable,
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--skip-dependency-check",
            "--outdir",
            folder,
            ROOT,
        ],
        check=True,
        capture_output=True,
    )
    (built,) = folder.glob("*.whl")
    return built


@pytest.mark.xdist_group("wheel")
class TestWheel:
    """What is in the wheel, and that it works."""

    def test_holds_each_file_of_the_packages_and_nothing_else(self, wheel: Path) -> None:
        """Code, data and type markers are in; tests, fixtures and documents are not."""
        with zipfile.ZipFile(wheel) as archive:
            packed = {name for name in archive.namelist() if ".dist-info/" not in name}
        present = {
            path.relative_to(ROOT).as_posix()
            for package in PACKAGES
            for path in (ROOT / package).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

        assert packed == present
        assert {"auditor/py.typed", "parsers/py.typed"} <= packed

    def test_names_its_version_licence_and_script(self, wheel: Path) -> None:
        """The metadata say what pyproject.toml and auditor/version.py say."""
        project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
        with zipfile.ZipFile(wheel) as archive:
            info = next(name.split("/")[0] for name in archive.namelist() if ".dist-info/" in name)
            metadata = archive.read(f"{info}/METADATA").decode()
            scripts = archive.read(f"{info}/entry_points.txt").decode()
            licence = archive.read(f"{info}/licenses/LICENSE")

        assert "License-Expression: GPL-3.0-only\n" in metadata
        assert f"st-audit = {project['scripts']['st-audit']}" in scripts
        assert licence == (ROOT / "LICENSE").read_bytes()
        assert f'VERSION: Final = "{info.removesuffix(".dist-info").split("-")[1]}"' in (
            ROOT / "auditor" / "version.py"
        ).read_text("utf-8")

    def test_every_module_imports_from_another_folder(self, wheel: Path, tmp_path: Path) -> None:
        """Nothing in the packages leans on a file of the repository, and no import warns."""
        site = tmp_path / "site"
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(site)
        run = subprocess.run(
            [sys.executable, "-W", "error", "-c", IMPORT_ALL, *PACKAGES],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )

        assert run.stderr == ""
        assert run.stdout.splitlines() == [str(site / package / "__init__.py") for package in PACKAGES]
