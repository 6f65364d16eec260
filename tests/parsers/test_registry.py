"""The registry finds platforms by their module names, and tells which one a capture is of."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import parsers.platforms
from parsers import registry
from parsers.errors import DetectionError
from parsers.model.capture import Capture, Document
from tests.fixture_cases import Case, cases

MODULE = """
from parsers.contract import Parsed, Platform


def _recognises(capture):
    return {mark!r} in capture.documents[0].text


def _parse(capture):
    return Parsed(firewalls=(), ledger=())


PLATFORM = Platform(id={id!r}, title={id!r}, recognises=_recognises, parse=_parse)
"""


FAMILY = """
MEMBERS = frozenset({"acme_wall", "acme_gone"})


def recognised(capture):
    return MEMBERS if "wall" in capture.documents[0].text else frozenset()
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of platforms in place of the shipped ones."""
    for name, mark in {"acme_wall": "wall", "acme_gate": "gate", "_shared": "none"}.items():
        (tmp_path / f"{name}.py").write_text(MODULE.format(id=name, mark=mark))
    (tmp_path / "acme_broken.py").write_text("PLATFORM = None")
    monkeypatch.setattr(parsers.platforms, "__path__", [str(tmp_path)])
    for name in ("acme_wall", "acme_gate", "acme_broken"):
        monkeypatch.delitem(sys.modules, f"parsers.platforms.{name}", raising=False)
    return tmp_path


def capture(text: str, platform: str | None = None) -> Capture:
    """A capture of one document."""
    return Capture(documents=(Document(name="wall.conf", text=text),), platform=platform)


def test_ids_are_the_public_modules_unimported(folder: Path) -> None:
    """Ids are module names without an underscore in front, and finding them imports none."""
    assert registry.ids() == ("acme_broken", "acme_gate", "acme_wall")
    assert not {f"parsers.platforms.{path.stem}" for path in folder.iterdir()} & set(sys.modules)


def test_platform_imports_one_module(folder: Path) -> None:
    """Asking for one platform leaves the others alone."""
    assert registry.platform("acme_wall").id == "acme_wall"
    assert (folder / "acme_gate.py").exists()
    assert "parsers.platforms.acme_gate" not in sys.modules


@pytest.mark.usefixtures("folder")
def test_unknown_platform_names_the_nearest() -> None:
    """A misspelt id is refused with the spelling that was meant and every id that there is."""
    with pytest.raises(DetectionError, match=r"there is no platform 'acme-wal' \(did you mean acme_wall\?\)") as caught:
        registry.platform("acme-wal")
    assert caught.value.candidates == ("acme_broken", "acme_gate", "acme_wall")
    with pytest.raises(DetectionError, match="there are acme_broken, acme_gate, acme_wall"):
        registry.platform("zzz")


@pytest.mark.usefixtures("folder")
def test_module_without_its_platform_is_a_bug() -> None:
    """A module that does not end in its own platform is named."""
    with pytest.raises(TypeError, match="acme_broken"):
        registry.platform("acme_broken")


def test_detect(folder: Path) -> None:
    """One platform that recognises a capture is found; none and several are refused with the candidates."""
    (folder / "acme_broken.py").unlink()
    assert registry.detect(capture("a wall")).id == "acme_wall"
    assert registry.detect(capture("a wall", platform="acme_gate")).id == "acme_gate"
    with pytest.raises(DetectionError, match="could be acme_gate or acme_wall") as several:
        registry.detect(capture("a gate in a wall"))
    assert several.value.candidates == ("acme_gate", "acme_wall")
    with pytest.raises(DetectionError, match=r"no platform recognises wall\.conf") as none:
        registry.detect(capture("a door"))
    assert none.value.candidates == ("acme_gate", "acme_wall")
    with pytest.raises(DetectionError, match="no platform recognises an empty capture"):
        registry.detect(Capture(documents=()))


@pytest.mark.parametrize("name", registry.ids())
def test_shipped_platform_loads(name: str) -> None:
    """Each shipped module holds its platform."""
    assert registry.platform(name).title


def test_public_names_are_sorted_and_there() -> None:
    """Each public name of the package can be imported, and they are listed in order."""
    assert list(parsers.__all__) == sorted(parsers.__all__)
    for name in parsers.__all__:
        assert getattr(parsers, name) is not None
    assert set(parsers.__all__) <= set(dir(parsers))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        parsers.nothing  # noqa: B018 - the attribute access is the act


def test_import_is_cheap() -> None:
    """Importing the package loads no model, no registry and no platform."""
    code = "import sys, parsers; print(*(name for name in sys.modules if name.startswith('parsers.')))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == []


def test_members_of_a_family_are_not_imported_to_be_asked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A family tells its members apart; a platform that it does not name is asked itself, one that is gone is not."""
    (folder / "_acme").mkdir()
    (folder / "_acme" / "__init__.py").write_text("")
    (folder / "_acme" / "recognition.py").write_text(FAMILY)
    (folder / "_silent").mkdir()
    (folder / "_silent" / "__init__.py").write_text("")
    (folder / "acme_broken.py").unlink()
    for name in ("_acme", "_acme.recognition", "_silent"):
        monkeypatch.delitem(sys.modules, f"parsers.platforms.{name}", raising=False)
    assert registry.detect(capture("a gate")).id == "acme_gate"
    assert "parsers.platforms.acme_wall" not in sys.modules
    assert registry.detect(capture("a wall")).id == "acme_wall"


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: f"{case.platform}-{case.folder.name}")
def test_a_family_says_what_its_members_say(case: Case) -> None:
    """Every shipped configuration is recognised by the family as by the platforms themselves."""
    whole = case.capture()
    unnamed = Capture(documents=whole.documents)
    asked = [name for name in registry.ids() if registry.platform(name).recognises(unnamed)]
    if len(asked) == 1:
        assert registry.detect(unnamed).id == asked[0]
        return
    with pytest.raises(DetectionError) as caught:
        registry.detect(unnamed)
    assert list(caught.value.candidates) == (asked or list(registry.ids()))


def test_an_asa_is_recognised_without_the_others() -> None:
    """To tell what a configuration is, no platform but its own is imported."""
    code = (
        "import sys; from parsers.registry import detect; from parsers.model.capture import Capture, Document;"
        "detect(Capture(documents=(Document(name='x', text='ASA Version 9.16(4)'),)));"
        "print(*sorted(name for name in sys.modules if name.count('.') == 2 and '.platforms.' in name))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    families = ["_cisco_acl", "_cisco_lina", "_netfilter"]
    assert out.stdout.split() == [f"parsers.platforms.{name}" for name in (*families, "cisco_asa")]
