"""The example jobs of docs/jobs: held to the schemas and programs of those who run them, and to our own options."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from ruamel.yaml import YAML

from auditor.cli.fleet import command
from auditor.cli.main import Run
from auditor.fleet.metrics import write
from tests.auditor.fleet.samples import bad, extra, good, report
from tests.auditor.fleet.test_metrics import run_of

JOBS = Path(__file__).resolve().parent.parent / "docs" / "jobs"
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""What the five fields of crontab(5) may hold."""


def read_yaml(name: str) -> Any:
    """Read an example in YAML (1.2, where `on` is a word)."""
    return YAML(typ="safe", pure=True).load((JOBS / name).read_text("utf-8"))


def kubernetes_words(pod: dict[str, Any]) -> list[str]:
    """Give the command line of the pod's container, its references to the environment filled in."""
    container = pod["containers"][0]
    return [word.replace("$(PART)", "0") for word in (*container["command"], *container["args"])]


def command_lines() -> list[tuple[str, list[str]]]:
    """Give every command line of the examples, by the file that it stands in."""
    service = (JOBS / "st-audit.service").read_text("utf-8")
    crontab = (JOBS / "crontab").read_text("utf-8")
    steps = read_yaml("github-actions.yml")["jobs"]["fleet"]["steps"]
    pod = read_yaml("kubernetes-cronjob.yaml")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    lines = [("st-audit.service", line) for line in re.findall(r"^ExecStart=(.*)$", service, re.MULTILINE)]
    lines += [("crontab", line) for line in re.findall(r"exec (\S*st-audit .*?)(?: >.*)?$", crontab, re.MULTILINE)]
    lines += [("github-actions.yml", step["run"].partition(">>")[0]) for step in steps if "run" in step]
    found = [(name, shlex.split(line)) for name, line in lines]
    return [*found, ("kubernetes-cronjob.yaml", kubernetes_words(pod))]


def test_each_file_is_looked_at() -> None:
    """Every example is one that a test here knows."""
    assert sorted(path.name for path in JOBS.iterdir()) == [
        "crontab", "github-actions.yml", "kubernetes-cronjob.yaml", "prometheus-alerts.yml", "st-audit.service",
        "st-audit.timer",
    ]  # fmt: skip
    assert [name for name, _ in command_lines()] == [
        "st-audit.service", "crontab", "crontab", "github-actions.yml", "kubernetes-cronjob.yaml"
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "words"), command_lines())
def test_command_lines_are_ours(name: str, words: list[str]) -> None:  # noqa: ARG001 - for the test's own name
    """Each command line is `st-audit fleet` with options that there are."""
    assert Path(words[0]).name == "st-audit"
    assert words[1] == "fleet"
    with command.make_context("fleet", words[2:], obj=Run()) as context:
        assert context.params["deployment"] is not None


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    """What systemd itself says of service and timer: nothing."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed: the units were not verified")
    for path in JOBS.glob("st-audit.*"):
        # The program need not be installed here, but verify looks whether it is.
        text = path.read_text("utf-8").replace("/usr/local/bin/st-audit", sys.executable)
        (tmp_path / path.name).write_text(text, "utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *sorted(tmp_path.iterdir())],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    told = [line for line in ran.stderr.splitlines() if "st-audit" in line]

    assert (ran.returncode, told) == (0, [])


def test_verification_of_units_can_fail(tmp_path: Path) -> None:
    """An unknown setting would be seen."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (JOBS / "st-audit.timer").read_text("utf-8").replace("OnCalendar=*-*-* 02:15:00", "OnCalendar=*-*-* 25:15")
    (tmp_path / "st-audit.timer").write_text(text, "utf-8")
    ran = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / "st-audit.timer"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert "25:15" in ran.stderr


def test_crontab() -> None:
    """Five fields within their ranges, and no % that cron would take for a line break."""
    jobs = 0
    for line in (JOBS / "crontab").read_text("utf-8").splitlines():
        if not line or line.startswith("#") or re.fullmatch(r"[A-Z]+=\S+", line):
            continue
        *fields, words = line.split(None, 5)
        for text, (low, high) in zip(fields, _FIELDS, strict=True):
            assert text == "*" or low <= int(text) <= high
        assert "%" not in words.replace(r"\%", "")
        # sh reads it without complaint.
        assert subprocess.run(["sh", "-n", "-c", words], check=False).returncode == 0
        jobs += 1
    assert jobs == 2


def test_kubernetes_takes_the_cronjob() -> None:
    """Kubernetes' own schema, unknown keys refused; the parts are as many as the pods."""
    job = read_yaml("kubernetes-cronjob.yaml")
    kubernetes_validate.validate(job, kubernetes_validate.latest_version(), strict=True)
    spec = job["spec"]["jobTemplate"]["spec"]
    shard = next(word for word in spec["template"]["spec"]["containers"][0]["args"] if word.startswith("--shard="))

    assert shard == f"--shard=$(PART)/{spec['completions']}"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(
            {**job, "spec": {**job["spec"], "shedule": ""}}, kubernetes_validate.latest_version(), strict=True
        )


def test_github_takes_the_workflow() -> None:
    """The schema that GitHub's own editors use."""
    vendored = files("check_jsonschema") / "builtin_schemas" / "vendor" / "github-workflows.json"
    schema = json.loads(vendored.read_text("utf-8"))
    jsonschema.validate(read_yaml("github-actions.yml"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**read_yaml("github-actions.yml"), "job": {}}, schema)


def test_alerts_are_about_our_metrics(tmp_path: Path) -> None:
    """Each metric and label of the rules is one that a run writes."""
    write(tmp_path / "fleet.prom", run_of(report(good("a", extra()), bad("b")), ended=1.0, exit_code=0))
    write(tmp_path / "whole.prom", run_of(report(good("a", extra())), ended=1.0))
    written = (tmp_path / "fleet.prom").read_text("utf-8") + (tmp_path / "whole.prom").read_text("utf-8")
    rules = read_yaml("prometheus-alerts.yml")["groups"][0]["rules"]

    assert len(rules) == 5
    for rule in rules:
        for name, label in re.findall(r"(st_audit_[a-z_]+)(?:\{([a-z]+)=)?", rule["expr"]):
            assert re.search(rf"^{name}[ {{]", written, re.MULTILINE), name
            assert not label or re.search(rf"^{name}\{{.*\b{label}=", written, re.MULTILINE), label
