"""The rules of the house that no linter knows: who imports whom, how large, and what no file may name."""

from __future__ import annotations

import ast
import importlib
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("auditor", "parsers", "baselines")
LINE_LIMIT = 500
PLATFORM_IDS = (
    "cisco_asa",
    "cisco_ftd",
    "cisco_ios",
    "cisco_iosxr",
    "cisco_nxos",
    "fortinet_fortios",
    "juniper_junos",
    "linux",
    "linux_iptables",
    "linux_nftables",
    "paloalto_panos",
)
# Spelled in pieces, since this file is searched too.
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in [
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("deb", "debian", "org"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
    ]
)
MACHINE_PATHS = ("/" + "work/main", "/" + "work/shared", "/" + "work/.library")


WORKING_STATE = {
    "Ace", "AccessList", "Budget", "Configuration", "Group", "IpSet", "IpSets", "Marks", "Place", "Port", "Problems",
    "Run", "Save", "SaveChain", "SaveMeaning", "SaveTable", "Sets", "TableMeaning",
}  # fmt: skip
"""What one run fills in on its way and nobody keeps: counters, collected problems, half-read texts. No values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One Python file of the project, with its dotted name and syntax tree."""

    name: str
    path: Path
    tree: ast.Module

    @property
    def is_facade(self) -> bool:
        """Say whether the file is an `__init__`."""
        return self.path.name == "__init__.py"

    def imports(self) -> Iterator[tuple[int, str, str | None]]:
        """Give line, module and (for `from` imports) name of every import, wherever in the file it stands."""
        package = self.name.split(".") if self.is_facade else self.name.split(".")[:-1]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node.lineno, alias.name, None
            elif isinstance(node, ast.ImportFrom):
                base = package[: len(package) - node.level + 1] if node.level else []
                module = ".".join([*base, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield node.lineno, module, alias.name


def read_module(path: Path) -> Module:
    """Parse one file of the project."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Module(name=name, path=path, tree=ast.parse(path.read_text("utf-8"), filename=str(path)))


def modules_of(*folders: str) -> list[Module]:
    """Parse every Python file below these folders of the project."""
    return [read_module(path) for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def is_module(name: str) -> bool:
    """Say whether a dotted name is a file or a folder of the project."""
    path = ROOT.joinpath(*name.split("."))
    return path.is_dir() or path.with_suffix(".py").is_file()


def facade_imports(module: Module) -> list[str]:
    """List the names that a module takes from the facade of a package it lies in."""
    parts = module.name.split(".")
    ancestors = {".".join(parts[:length]) for length in range(1, len(parts))}
    found = []
    for line, target, name in module.imports():
        takes_module = name is not None and is_module(f"{target}.{name}")
        if target in ancestors and not takes_module:
            found.append(f"{module.name}:{line}: {name or target} from {target}")
    return found


def sibling_imports(module: Module, package: str) -> list[str]:
    """List the public neighbours inside `package` that a module of it imports."""
    depth = package.count(".") + 1
    own = module.name.split(".")[depth]
    found = []
    for line, target, name in module.imports():
        full = f"{target}.{name}" if target == package and name else target
        if not full.startswith(f"{package}."):
            continue
        neighbour = full.split(".")[depth]
        if neighbour != own and not neighbour.startswith("_"):
            found.append(f"{module.name}:{line}: {neighbour}")
    return found


def tracked_files() -> list[Path]:
    """List the files that git tracks, or in an unpacked archive every file but what tools made."""
    if shutil.which("git") and (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
        paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
        return [path for path in paths if path.is_file()]
    made = {".venv", ".git", "__pycache__", "build", "dist"}
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and not any(part in made or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]


def public_names(tree: ast.Module) -> list[str] | None:
    """Give a module's `__all__`, or None where it has none."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            assert isinstance(node, ast.Assign | ast.AnnAssign)
            assert node.value is not None
            return list(ast.literal_eval(node.value))
    return None


def pyproject() -> dict[str, object]:
    """Read pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def requirements() -> list[Requirement]:
    """List every requirement of pyproject.toml, extras included."""
    project = pyproject()["project"]
    assert isinstance(project, dict)
    extras = project["optional-dependencies"].values()
    return [Requirement(text) for group in [project["dependencies"], *extras] for text in group]


class TestImports:
    """Imports run one way; what import-linter cannot say is said here."""

    def test_no_module_imports_its_own_facade(self) -> None:
        """A module takes each name from the module that defines it, so import order never matters."""
        found = [line for module in modules_of(*PACKAGES) for line in facade_imports(module)]

        assert found == []

    def test_facade_imports_are_seen(self, tmp_path: Path) -> None:
        """The check above sees plain, `from` and relative imports, and leaves submodules alone."""
        path = tmp_path / "rules.py"
        source = (
            "import parsers\nfrom parsers import parse\nfrom .. import x\nfrom parsers.model import errors_of, rules\n"
        )
        module = Module(name="parsers.model.interpreter", path=path, tree=ast.parse(source))

        assert facade_imports(module) == [
            "parsers.model.interpreter:1: parsers from parsers",
            "parsers.model.interpreter:2: parse from parsers",
            "parsers.model.interpreter:3: x from parsers",
            "parsers.model.interpreter:4: errors_of from parsers.model",
        ]

    def test_parsers_never_import_auditor(self) -> None:
        """The parsers work without the auditor, also in imports that stand inside a function."""
        found = [
            f"{module.name}:{line}: {target}"
            for module in modules_of("parsers")
            for line, target, _ in module.imports()
            if target.split(".")[0] in {"auditor", "baselines", "tests"}
        ]

        assert found == []

    def test_platforms_never_import_each_other(self) -> None:
        """What two platforms share lies in `parsers.text` or in a private module beside them."""
        package = "parsers.platforms"
        modules = [module for module in modules_of("parsers/platforms") if module.name != package]
        found = [line for module in modules for line in sibling_imports(module, package)]

        assert found == []

    def test_sibling_imports_are_seen(self) -> None:
        """The check above sees both spellings of the import, and leaves private modules alone."""
        source = "from parsers.platforms import cisco_asa, _tokens\nimport parsers.platforms.linux.chains\n"
        module = Module(name="parsers.platforms.cisco_ios", path=Path("cisco_ios.py"), tree=ast.parse(source))

        assert sibling_imports(module, "parsers.platforms") == [
            "parsers.platforms.cisco_ios:1: cisco_asa",
            "parsers.platforms.cisco_ios:2: linux",
        ]


class TestModules:
    """What holds for each file."""

    def test_the_engine_knows_no_platform(self) -> None:
        """The engine judges the model; no platform id stands in its code, nor the way to one."""
        found = [
            f"{module.name}:{node.lineno}: {node.value}"
            for module in modules_of("auditor/engine")
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Constant) and node.value in PLATFORM_IDS
        ]
        found += [
            f"{module.name}:{line}: {target}.{name}"
            for module in modules_of("auditor/engine", "auditor/report")
            for line, target, name in module.imports()
            if f"{target}.{name}.".startswith(("parsers.platforms.", "parsers.registry."))
        ]

        assert found == []

    def test_no_module_exceeds_the_line_limit(self) -> None:
        """A module that outgrows the limit has become two."""
        lengths = {
            str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines())
            for folder in (*PACKAGES, "tests")
            for path in (ROOT / folder).rglob("*.py")
        }

        assert {path: lines for path, lines in lengths.items() if lines > LINE_LIMIT} == {}

    def test_public_values_are_frozen(self) -> None:
        """Each public dataclass is frozen and slotted, so every value can be shared and hashed."""
        found = []
        for module in modules_of("auditor", "parsers"):
            for node in ast.walk(module.tree):
                if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
                    continue
                for decorator in node.decorator_list:
                    call = decorator.func if isinstance(decorator, ast.Call) else decorator
                    if not isinstance(call, ast.Name) or call.id != "dataclass":
                        continue
                    keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                    true = {
                        keyword.arg
                        for keyword in keywords
                        if isinstance(keyword.value, ast.Constant) and keyword.value.value is True
                    }
                    if not {"frozen", "slots"} <= true and not ("slots" in true and node.name in WORKING_STATE):
                        found.append(f"{module.name}:{node.lineno}: {node.name}")

        assert found == []

    @pytest.mark.parametrize(
        "name",
        [module.name for module in modules_of(*PACKAGES) if public_names(module.tree) is not None],
    )
    def test_public_names_exist(self, name: str) -> None:
        """Each name of an `__all__` exists and stands there once."""
        module = importlib.import_module(name)
        names = list(module.__all__)

        assert [public for public in names if not hasattr(module, public)] == []
        assert len(names) == len(set(names))


class TestFiles:
    """What no file of the repository may hold, and which files must agree."""

    @pytest.mark.parametrize("word", [*REGISTRY_HOSTS, *MACHINE_PATHS])
    def test_no_file_names_a_registry_or_a_machine(self, word: str) -> None:
        """A clone works behind any mirror and in any folder."""
        found = [str(path.relative_to(ROOT)) for path in tracked_files() if word.encode() in path.read_bytes()]

        assert found == []

    def test_the_lock_holds_what_pyproject_asks_for(self) -> None:
        """Each requirement is locked in a version that satisfies it, so that `make lock` was not forgotten."""
        lock = (ROOT / "requirements.lock").read_text("utf-8")
        locked: dict[str, list[str]] = {}
        for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", lock, flags=re.MULTILINE):
            locked.setdefault(canonicalize_name(name), []).append(version)
        unmet = [
            str(requirement)
            for requirement in requirements()
            if not (versions := locked.get(canonicalize_name(requirement.name)))
            or not all(requirement.specifier.contains(version, prereleases=True) for version in versions)
        ]

        assert unmet == []

    def test_the_lock_pins_every_file_by_hash(self) -> None:
        """Nothing is installed that was not there when the lock was made, and no address is written down."""
        lock = (ROOT / "requirements.lock").read_text("utf-8")
        entries = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.MULTILINE)[1:]

        assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []
        assert "://" not in lock

    def test_each_lint_ignore_has_its_reason(self) -> None:
        """An ignored rule without a reason cannot be revisited."""
        text = (ROOT / "pyproject.toml").read_text("utf-8")
        section = text[text.index("[tool.ruff.lint]") : text.index("[tool.ruff.lint.flake8-pytest-style]")]
        ignores = re.findall(r'^    "[A-Z]+[0-9]*",.*$', section, flags=re.MULTILINE)

        assert len(ignores) > 10
        assert [line for line in ignores if "#" not in line] == []

    def test_links_between_documents_lead_somewhere(self) -> None:
        """Each relative link in a Markdown file of the repository names a file that exists."""
        broken = [
            f"{path.relative_to(ROOT)}: {target}"
            for path in tracked_files()
            if path.suffix == ".md"
            for target in re.findall(r"\]\(([^)#\s]+)", path.read_text("utf-8"))
            if "://" not in target and not (path.parent / target).exists()
        ]

        assert broken == []
