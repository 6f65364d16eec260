"""Our own inventory: the firewalls of a deployment file in a file of their own, with defaults and tags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pydantic import Field

from auditor.baseline.document import Document, Problems
from auditor.baseline.fields import Shape, Texts, Version
from auditor.baseline.shape import validated
from auditor.deployment.firewalls import check_firewalls, read_firewalls
from auditor.deployment.schema import FirewallShape, SshShape
from auditor.deployment.site import Deployment
from auditor.errors import UsageError
from auditor.fleet.inventory.values import Inventory, Listed

__all__ = ["json_schema", "read"]


class ListedShape(FirewallShape):
    """A firewall as in a deployment, and the words by which it is found."""

    tags: Texts = ()


class DefaultsShape(Shape):
    """What holds for every firewall that does not say otherwise."""

    platform: str = ""
    ssh: SshShape = Field(default_factory=SshShape)
    tags: Texts = ()


class InventoryShape(Shape):
    """An inventory file."""

    version: Version
    defaults: DefaultsShape = Field(default_factory=DefaultsShape)
    firewalls: dict[str, ListedShape] = Field(default_factory=dict)


def read(document: Document, deployment: Deployment) -> Inventory:
    """Read our own form; members of sides are the deployment's groups. Raises UsageError with all that is wrong."""
    problems = Problems(document=document, error=UsageError)
    shape, _ = validated(InventoryShape, document.data, problems)
    if shape is None:
        problems.raise_any()
        raise UsageError("this is no inventory", file=document.file or None, line=1)
    shapes = {name: _filled(item, shape.defaults) for name, item in shape.firewalls.items()}
    entries = read_firewalls(shapes, document)
    check_firewalls(replace(deployment, firewalls=entries, paths=()), problems)
    problems.raise_any()
    common = frozenset(shape.defaults.tags)
    return Inventory(
        listed=tuple(
            Listed(entry=entry, tags=common | frozenset(shape.firewalls[entry.name].tags)) for entry in entries
        ),
        kind="st-audit",
        file=document.file,
    )


def json_schema() -> dict[str, Any]:
    """Give the JSON Schema (2020-12) of an inventory, for editors."""
    schema = InventoryShape.model_json_schema(mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "st-audit inventory, version 1",
        **{key: value for key, value in schema.items() if key != "title"},
    }


def _filled(shape: ListedShape, defaults: DefaultsShape) -> ListedShape:
    own = {name: getattr(shape.ssh, name) for name in shape.ssh.model_fields_set}
    return shape.model_copy(
        update={
            "platform": shape.platform or defaults.platform,
            "ssh": defaults.ssh.model_copy(update=own),
        }
    )
