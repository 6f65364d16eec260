"""What a bundle holds: the report, each firewall's redacted capture, the site's files, and how they were put together.

The folder of a capture is one that `st-audit config` reads, so that an unpacked bundle can be worked with by hand.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from auditor.capture.manifest import MANIFEST as CAPTURE_MANIFEST
from auditor.capture.manifest import Completion, Entry, Manifest, digest, dump, load
from auditor.capture.redaction import redact
from auditor.capture.writing import file_names
from auditor.deployment.load import Overrides
from auditor.errors import UsageError
from auditor.export.bundle.archive import pack
from auditor.export.evidence import Audited, Evidence, SiteFile, SiteFiles
from auditor.export.json import render as render_json
from parsers.model.capture import Capture, Document
from parsers.registry import ids, platform

if TYPE_CHECKING:
    from auditor.export.options import RenderOptions
    from auditor.report.values import Report

__all__ = ["REPORT", "evidence_of", "render"]

REPORT: Final = "report.json"
_README: Final = """\
This is the evidence of one audit by st-audit.

report.json        the report: verdicts, findings, coverage
captures/NAME/     the configuration of each firewall, redacted, as it was read, with its hashes and its origin
site/              the deployment, the baselines and the waivers that it was held against
manifest.json      every file's SHA-256, the tool's version, and how the parts belong together

`st-audit verify FILE` audits the captures again, offline, and says whether the same report comes out.
"""


def render(report: Report, options: RenderOptions) -> bytes:
    """Give the bundle of a report; raises UsageError where its evidence is not at hand."""
    evidence = options.evidence
    if evidence is None or evidence.site is None:
        raise UsageError(
            "a bundle needs the configurations and the site's files, which a stored report does not have",
            key="bundle",
            hint="write it where they are read: st-audit config ... -o bundle=FILE (or host, or fleet)",
        )
    text = render_json(report, options)
    files: dict[str, bytes] = {REPORT: text.encode(), "README.txt": _README.encode()}
    firewalls = []
    folders: list[str] = []
    for item in evidence.audited:
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", item.firewall).strip("-.") or "firewall"
        folder = stem if stem not in folders else f"{stem}-{len(folders) + 1}"
        folders.append(folder)
        firewalls.append(_audited(item, f"captures/{folder}", files))
    manifest = {
        "tool": {"name": "st-audit", "version": report.tool_version},
        "as_of": report.as_of,
        "fail_on": options.fail_on.value,
        "firewalls": firewalls,
        "together": evidence.together,
        "groups": [[name, list(addresses)] for name, addresses in evidence.groups],
        "site": _site(evidence.site, files),
    }
    return pack(manifest, files)


def _audited(item: Audited, folder: str, files: dict[str, bytes]) -> dict[str, Any]:
    if item.capture is not None:
        found = platform(item.platform)
        clean = redact(found, item.capture)
        completeness = found.prove(clean)
        names = file_names(clean.documents)
        documents = tuple(
            Entry(file=name, name=document.name, command=document.command, exit_status=document.exit_status,
                  stderr=document.stderr, sha256=digest(document), lines=document.line_count())
            for name, document in zip(names, clean.documents, strict=True)
        )  # fmt: skip
        manifest = Manifest(
            platform=item.platform,
            firewall=item.firewall,
            origin=item.origin,
            completeness=Completion(complete=completeness.complete, reason=completeness.reason),
            documents=documents,
        )
        files |= {f"{folder}/{name}": doc.text.encode() for name, doc in zip(names, clean.documents, strict=True)}
        files[f"{folder}/{CAPTURE_MANIFEST}"] = dump(manifest).encode()
    return {
        "name": item.firewall,
        "platform": item.platform,
        "capture": folder if item.capture is not None else None,
        "kind": item.kind,
        "assume_complete": item.assume_complete,
        "weak_algorithms": list(item.weak_algorithms),
    }


def _site(site: SiteFiles, files: dict[str, bytes]) -> dict[str, Any]:
    baselines = []
    for number, (name, sources) in enumerate(site.baselines, start=1):
        stem = re.sub(r"[^A-Za-z0-9._-]+", "-", Path(name).name.removesuffix(".yaml")).strip("-.") or "baseline"
        folder = f"baselines/{number}-{stem}"
        for source in sources:
            files[f"site/{folder}/{source.path}"] = source.content
        alone = f"{folder}/{sources[0].path}" if len(sources) == 1 else folder
        baselines.append({"name": name, "path": alone})
    if site.deployment is not None:
        files["site/deployment.yaml"] = site.deployment.content
    if site.waivers is not None:
        files["site/waivers.yaml"] = site.waivers.content
    return {
        "deployment": site.deployment and {"path": "deployment.yaml", "name": site.deployment.path},
        "waivers": site.waivers and {"path": "waivers.yaml", "name": site.waivers.path},
        "baselines": baselines,
        "overrides": dataclasses.asdict(site.overrides),
    }


def evidence_of(manifest: Mapping[str, Any], files: Mapping[str, bytes], file: str = "") -> Evidence:
    """Give the evidence that a bundle holds; raises UsageError where the manifest does not fit its files."""
    try:
        site = manifest["site"]
        return Evidence(
            audited=tuple(_read_audited(item, files, file) for item in manifest["firewalls"]),
            site=SiteFiles(
                deployment=_file(site["deployment"], files),
                waivers=_file(site["waivers"], files),
                overrides=_overrides(site["overrides"]),
                baselines=tuple((str(item["name"]), _sources(item["path"], files)) for item in site["baselines"]),
            ),
            groups=tuple((name, tuple(addresses)) for name, addresses in manifest["groups"]),
            together=bool(manifest["together"]),
        )
    except (KeyError, TypeError, ValueError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the bundle's manifest does not fit its files: {type(error).__name__} {error}",
            file=file or None,
            hint="name a bundle that `-o bundle=FILE` wrote, whole",
        ) from error


def _read_audited(item: Mapping[str, Any], files: Mapping[str, bytes], file: str) -> Audited:
    capture, origin = None, None
    folder = item["capture"]
    name = item["platform"]
    if name not in ids():
        raise UsageError(f"this st-audit cannot read {name}", file=file or None, hint=f"it reads: {', '.join(ids())}")
    if folder is not None:
        where = f"{folder}/{CAPTURE_MANIFEST}"
        manifest = load(files[where].decode(), Path(file) / where)
        origin = manifest.origin
        capture = Capture(
            documents=tuple(_document(entry, folder, files) for entry in manifest.documents), platform=name
        )
    return Audited(
        firewall=item["name"],
        platform=name,
        capture=capture,
        kind=item["kind"],
        origin=origin,
        assume_complete=item["assume_complete"] is True,
        weak_algorithms=tuple(item["weak_algorithms"]),
    )


def _document(entry: Entry, folder: str, files: Mapping[str, bytes]) -> Document:
    return Document(
        name=entry.name,
        command=entry.command,
        text=files[f"{folder}/{entry.file}"].decode(),
        stderr=entry.stderr,
        exit_status=entry.exit_status,
    )


def _file(item: Mapping[str, Any] | None, files: Mapping[str, bytes]) -> SiteFile | None:
    return None if item is None else SiteFile(path=str(item["name"]), content=files[f"site/{item['path']}"])


def _sources(path: str, files: Mapping[str, bytes]) -> tuple[SiteFile, ...]:
    whole = f"site/{path}"
    if whole in files:
        return (SiteFile(path=Path(path).name, content=files[whole]),)
    return tuple(
        SiteFile(path=name.removeprefix(f"{whole}/"), content=content)
        for name, content in files.items()
        if name.startswith(f"{whole}/")
    )


def _overrides(values: Mapping[str, Any]) -> Overrides:
    def tupled(value: Any) -> Any:
        return tuple(tupled(item) for item in value) if isinstance(value, list) else value

    read = {str(key): tupled(value) for key, value in values.items()}
    # That the groups are pairs is said by unpacking them: ValueError.
    return Overrides(**{**read, "groups": tuple((name, tuple(members)) for name, members in read["groups"])})
