"""A product that is not SecureTransport: its port table is a file, and the code knows nothing of either."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.baseline.rows import Requirement
from auditor.deployment.cuts import crosses
from auditor.deployment.load import load
from auditor.deployment.question import question
from auditor.deployment.resolve import rows
from auditor.errors import DeploymentError
from parsers.model.firewall import Firewall

SITE: dict[str, Any] = {
    "version": 1,
    "name": "mail",
    "baseline": ["example-mail-gateway", "hygiene"],
    "groups": {"gateway": ["192.0.2.25"], "store": ["10.1.0.25"], "clients": ["10.2.0.0/16"]},
    "services": {"submission": {"starttls": True}, "imap": {"ports": [993, 4190]}},
    "firewalls": {"fw": {"sides": {"outside": ["internet"], "dmz": ["gateway"], "inside": ["store", "clients"]}}},
}


def test_its_rows_are_resolved_and_cut() -> None:
    """Rows, conditions, prohibitions and protected hosts come from the file alone."""
    found = load(SITE)
    asked = question(found, "fw", Firewall(platform="cisco_asa"))
    by_requirement = {kind: {row.id for row in asked.rows if row.requirement is kind} for kind in Requirement}

    assert by_requirement[Requirement.REQUIRED] == {
        "smtp-in", "smtp-out", "lmtp", "submission-tls", "submission", "imaps",
    }  # fmt: skip
    assert by_requirement[Requirement.FORBIDDEN] == {"no-cleartext"}
    assert {row.id for row in asked.rows if row.required and crosses(row, asked)} == {
        "smtp-in", "smtp-out", "lmtp", "submission-tls", "submission",
    }  # fmt: skip
    assert str(asked.protected) == "10.1.0.25,192.0.2.25"
    assert next(row.ports for row in rows(found) if row.id == "imaps") == "993,4190"


@pytest.mark.parametrize("key", ["topology", "load_balancer"])
def test_what_its_vocabulary_does_not_have_is_refused(key: str) -> None:
    """SecureTransport's topology and load balancer mean nothing to it."""
    with pytest.raises(DeploymentError) as caught:
        load({**SITE, key: {"edge": "single"} if key == "topology" else {"snat": ["192.0.2.5"]}})

    assert caught.value.key
    assert caught.value.key.startswith(key)
