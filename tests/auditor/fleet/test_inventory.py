"""Inventories of three kinds: what they say of a firewall, what they leave out, and what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.deployment.load import load as load_deployment
from auditor.deployment.site import FirewallEntry, Ssh
from auditor.errors import UsageError
from auditor.fleet.inventory.load import joined, limited, load
from auditor.fleet.inventory.ours import json_schema
from auditor.fleet.inventory.values import Inventory, Listed
from tests.auditor.fleet.bed import FIXTURES

DEPLOYMENT = load_deployment(FIXTURES / "http-open-while-off" / "deployment.yaml")


def read(tmp_path: Path, text: str, name: str = "inventory.yml") -> Inventory:
    """Load a text as an inventory file."""
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return load(file, DEPLOYMENT)


def entries(inventory: Inventory) -> dict[str, FirewallEntry]:
    """Give the firewalls by name."""
    return {item.entry.name: item.entry for item in inventory.listed}


class TestOurs:
    """Our own form: a deployment's firewalls with defaults and tags."""

    TEXT = """\
version: 1
defaults: {platform: cisco_asa, ssh: {user: audit, port: 2222, jump: bastion.example.net}, tags: [prod]}
firewalls:
  perimeter:
    address: 192.0.2.1
    tags: [fra]
  inner:
    platform: cisco_ios
    address: 192.0.2.2
    ssh: {port: 22}
    sides: {Gi0/0: [edge], Gi0/1: [server]}
"""

    def test_defaults_and_tags(self, tmp_path: Path) -> None:
        """What a firewall does not say is the defaults' word."""
        found = read(tmp_path, self.TEXT)

        assert found.kind == "st-audit"
        assert entries(found)["perimeter"] == FirewallEntry(
            name="perimeter",
            platform="cisco_asa",
            address="192.0.2.1",
            ssh=Ssh(port=2222, user="audit", jump="bastion.example.net"),
        )
        assert entries(found)["inner"].ssh == Ssh(port=22, user="audit", jump="bastion.example.net")
        assert [item.tags for item in found.listed] == [{"prod", "fra"}, {"prod"}]

    def test_sides_are_the_deployments_where_the_inventory_has_none(self, tmp_path: Path) -> None:
        """A firewall that both know is where the inventory says, and stands as the deployment says."""
        both = {item.entry.name: item.entry for item in joined(read(tmp_path, self.TEXT), DEPLOYMENT)}
        known = DEPLOYMENT.firewall("perimeter")

        assert both["perimeter"].sides == known.sides
        assert both["perimeter"].address == "192.0.2.1"
        assert [side.name for side in both["inner"].sides] == ["Gi0/0", "Gi0/1"]

    @pytest.mark.parametrize(
        ("text", "line", "words"),
        [
            ("version: 1\nfirewalls:\n  a: {platfrom: cisco_asa}\n", 3, "platform"),
            ("version: 1\nfirewalls:\n  a: {platform: cisco_as}\n", 3, "cisco_asa"),
            ("version: 1\nfirewalls:\n  a: {sides: {x: [edges]}}\n", 3, "edge"),
            ("version: 1\nfirewalls:\n  a: {}\n  a: {}\n", 4, "already"),
            ("version: 2\nfirewalls: {}\n", 1, "1"),
        ],
    )
    def test_errors_name_line_and_spelling(self, tmp_path: Path, text: str, line: int, words: str) -> None:
        """What is wrong is said with its line and what to write instead."""
        with pytest.raises(UsageError) as caught:
            read(tmp_path, text)
        assert caught.value.line == line
        assert words in str(caught.value)

    def test_schema(self, tmp_path: Path) -> None:
        """The schema for editors takes what is right and refuses an unknown key."""
        import jsonschema

        schema = json_schema()
        right = {"version": 1, "firewalls": {"a": {"platform": "cisco_asa", "address": "192.0.2.1", "tags": ["x"]}}}
        jsonschema.validate(right, schema, cls=jsonschema.Draft202012Validator)
        read(tmp_path, json.dumps(right), "inventory.json")
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({**right, "firewall": {}}, schema, cls=jsonschema.Draft202012Validator)


class TestAnsible:
    """Ansible: groups, variables by Ansible's precedence, ranges."""

    TEXT = """\
all:
  vars:
    ansible_user: from-all
    ansible_password: !vault |
      $ANSIBLE_VAULT;1.1;AES256
      6162
  children:
    firewalls:
      vars: {ansible_network_os: cisco.asa.asa, ansible_user: from-group, ansible_port: 22}
      children:
        frankfurt:
          vars: {ansible_port: 2222}
          hosts:
            fra-fw[01:03]:
            fra-fw02:
              ansible_host: 192.0.2.12
              ansible_user: from-host
        paris:
          hosts:
            par-fw-[a:b].example.net:
              ansible_ssh_common_args: -o ProxyJump=audit@bastion.example.net:2200
              st_audit_context: dmz
    routers:
      hosts:
        r1: {ansible_network_os: ios, st_audit_fingerprint: "SHA256:x", st_audit_legacy: true}
    servers:
      hosts:
        web1:
        edge1: {st_audit_platform: linux}
        sw1: {ansible_network_os: arista.eos.eos}
"""

    def test_variables_as_ansible_merges_them(self, tmp_path: Path) -> None:
        """A child group wins over its parent, the host over all, and the address is the host's name by default."""
        found = entries(read(tmp_path, self.TEXT))

        assert sorted(found) == ["edge1", "fra-fw01", "fra-fw02", "fra-fw03", "par-fw-a.example.net",
                                 "par-fw-b.example.net", "r1"]  # fmt: skip
        assert found["fra-fw01"].ssh == Ssh(port=2222, user="from-group")
        assert found["fra-fw01"].address == "fra-fw01"
        assert (found["fra-fw02"].address, found["fra-fw02"].ssh.user) == ("192.0.2.12", "from-host")
        paris = found["par-fw-a.example.net"]
        assert (paris.context, paris.ssh) == (
            "dmz", Ssh(port=22, user="from-group", jump="audit@bastion.example.net:2200")
        )  # fmt: skip
        assert found["r1"].ssh == Ssh(user="from-all", fingerprint="SHA256:x", legacy=True)
        assert [found[name].platform for name in ("r1", "edge1", "fra-fw01")] == ["cisco_ios", "linux", "cisco_asa"]

    def test_what_is_left_out_is_told(self, tmp_path: Path) -> None:
        """Hosts without a platform, and those of one that cannot be read, are named with the reason."""
        left = {item.name: item.why for item in read(tmp_path, self.TEXT).left_out}

        assert set(left) == {"web1", "sw1"}
        assert "arista.eos.eos" in left["sw1"]

    def test_groups_are_tags(self, tmp_path: Path) -> None:
        """--limit finds a host by each group that it is in."""
        found = read(tmp_path, self.TEXT).listed

        assert [item.entry.name for item in limited(found, ["frankfurt", "!fra-fw02"])] == ["fra-fw01", "fra-fw03"]
        assert len(limited(found, ["firewalls"])) == 5
        assert len(limited(found, ["all"])) == 7

    def test_priority_and_name_decide_among_equals(self, tmp_path: Path) -> None:
        """Of two groups of one depth the later name wins, unless the other's priority is higher."""
        base = """\
a: {vars: {ansible_network_os: ios, ansible_user: from-a%s}, hosts: {fw: }}
b: {vars: {ansible_user: from-b}, hosts: {fw: }}
"""
        assert entries(read(tmp_path, base % ""))["fw"].ssh.user == "from-b"
        assert entries(read(tmp_path, base % ", ansible_group_priority: 5"))["fw"].ssh.user == "from-a"

    def test_what_ansible_inventory_lists(self, tmp_path: Path) -> None:
        """The JSON that `ansible-inventory --list` prints, with its host variables apart."""
        listed = {
            "_meta": {"hostvars": {"fw1": {"ansible_host": "192.0.2.1", "ansible_network_os": "cisco.asa.asa"}}},
            "all": {"children": ["ungrouped", "firewalls"]},
            "firewalls": {"hosts": ["fw1"], "vars": {"ansible_user": "audit"}},
        }
        found = read(tmp_path, json.dumps(listed), "list.json")

        assert entries(found)["fw1"] == FirewallEntry(
            name="fw1", platform="cisco_asa", address="192.0.2.1", ssh=Ssh(user="audit")
        )
        assert found.listed[0].tags == {"all", "firewalls"}

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ('a: {hosts: {fw: {ansible_network_os: ios, ansible_host: "{{ inventory_hostname }}.x"}}}', "computed"),
            ("a: {hosts: {fw: {ansible_network_os: ios, ansible_port: ssh}}}", "TCP port"),
            ("a: {hosts: {fw: {st_audit_platform: cisco_ass}}}", "cisco_asa"),
            ("a: {children: {b: }, hosts: {fw: }}\nb: {children: {a: }}", "contains itself"),
            ("a: {host: {fw: }, hosts: }", "hosts, children and vars"),
            ("a: {hosts: {'fw[0:99999999]': }}", "more than"),
        ],
    )
    def test_errors(self, tmp_path: Path, text: str, words: str) -> None:
        """What cannot be meant is the user's error, with file and line."""
        with pytest.raises(UsageError, match=words) as caught:
            read(tmp_path, text)
        assert caught.value.file is not None

    def test_ini_is_named(self, tmp_path: Path) -> None:
        """The INI form is refused with the command that turns it into YAML."""
        with pytest.raises(UsageError, match="INI") as caught:
            read(tmp_path, "fw0\n[firewalls]\nfw1 ansible_host=192.0.2.1\n", "hosts")
        assert "ansible-inventory -i hosts --list --yaml" in caught.value.hint


class TestNetbox:
    """NetBox: devices as its REST API gives them."""

    @staticmethod
    def device(name: str | None, **values: Any) -> dict[str, Any]:
        """Make a device as the API of NetBox 4 writes it."""
        usual = {
            "id": 7,
            "name": name,
            "display": name or "unnamed (7)",
            "status": {"value": "active", "label": "Active"},
            "role": {"id": 1, "name": "Firewall", "slug": "firewall"},
            "site": {"id": 1, "name": "FRA 1", "slug": "fra1"},
            "platform": {"id": 2, "name": "Cisco ASA", "slug": "cisco-asa"},
            "primary_ip": {"id": 3, "family": {"value": 4}, "address": "192.0.2.1/24"},
            "primary_ip4": {"id": 3, "address": "192.0.2.1/24"},
            "custom_fields": {"st_audit_context": None},
            "tags": [{"name": "MFT", "slug": "mft"}],
        }
        return usual | values

    def page(self, *devices: dict[str, Any], **values: Any) -> str:
        """Make a page of results."""
        return json.dumps({"count": len(devices), "next": None, "previous": None, "results": list(devices)} | values)

    def test_devices(self, tmp_path: Path) -> None:
        """Name, platform, address and our own settings; roles, sites and tags by which --limit finds them."""
        context = {"st_audit": {"port": 2222, "user": "audit", "fingerprint": "SHA256:x"}}
        found = read(
            tmp_path,
            self.page(
                self.device("fw2", config_context=context, custom_fields={"st_audit_context": "dmz"}),
                self.device("fw1", platform={"slug": "ios-xe"}, primary_ip={"address": "2001:db8::1/64"}),
            ),
            "devices.json",
        )

        assert found.kind == "netbox"
        assert entries(found) == {
            "fw1": FirewallEntry(name="fw1", platform="cisco_ios", address="2001:db8::1"),
            "fw2": FirewallEntry(
                name="fw2",
                platform="cisco_asa",
                address="192.0.2.1",
                ssh=Ssh(port=2222, user="audit", fingerprint="SHA256:x"),
                context="dmz",
            ),
        }
        assert found.listed[0].tags == {"role:firewall", "site:fra1", "tag:mft"}

    def test_what_is_left_out_is_told(self, tmp_path: Path) -> None:
        """Devices that are not active, of no platform, or of one that cannot be read, are named with the reason."""
        found = read(
            tmp_path,
            self.page(
                self.device("old", status={"value": "decommissioning"}),
                self.device("switch", platform={"slug": "arista-eos"}),
                self.device("panel", platform=None),
                self.device(None),
            ),
        )

        assert {item.name: item.why for item in found.left_out} == {
            "old": "its status is decommissioning",
            "switch": "its platform arista-eos is none of st-audit's",
            "panel": "it has no platform",
        }
        assert list(entries(found)) == ["unnamed (7)"]

    def test_custom_field_names_the_platform(self, tmp_path: Path) -> None:
        """What is written for st-audit wins over the slug; an unknown id is an error."""
        found = read(
            tmp_path, self.page(self.device("fw", platform=None, custom_fields={"st_audit_platform": "linux"}))
        )
        assert entries(found)["fw"].platform == "linux"
        with pytest.raises(UsageError, match="cisco_asx"):
            read(tmp_path, self.page(self.device("fw", custom_fields={"st_audit_platform": "cisco_asx"})))

    def test_one_page_of_several_is_refused(self, tmp_path: Path) -> None:
        """An export that is not whole would leave firewalls out unseen; all its pages in a list are whole."""
        first, second = self.device("a"), self.device("b")
        with pytest.raises(UsageError, match="1 of 2"):
            read(tmp_path, self.page(first, count=2, next="https://netbox.example.net/?offset=1"))
        pages = [json.loads(self.page(item, count=2)) for item in (first, second)]
        assert sorted(entries(read(tmp_path, json.dumps(pages)))) == ["a", "b"]

    def test_other_forms(self, tmp_path: Path) -> None:
        """A bare list of devices, and what GraphQL answers."""
        graphql = {
            "data": {
                "device_list": [
                    {
                        "name": "g",
                        "status": "ACTIVE",
                        "platform": {"slug": "asa"},
                        "primary_ip4": {"address": "192.0.2.9/32"},
                    }
                ]
            }
        }
        assert list(entries(read(tmp_path, json.dumps([self.device("l")])))) == ["l"]
        assert entries(read(tmp_path, json.dumps(graphql)))["g"].address == "192.0.2.9"

    def test_name_twice(self, tmp_path: Path) -> None:
        """Two devices of one name cannot be told apart."""
        with pytest.raises(UsageError, match="twice"):
            read(tmp_path, self.page(self.device("a"), self.device("a")))


@pytest.mark.parametrize("text", ["hello: world\n", "- a\n- b\n", "42\n", '{"a": ', "", "a: [\n"])
def test_no_inventory(tmp_path: Path, text: str) -> None:
    """What is none of the three is the user's error."""
    with pytest.raises(UsageError):
        read(tmp_path, text)


def test_missing_file(tmp_path: Path) -> None:
    """A file that is not there is named."""
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "none.yml", DEPLOYMENT)


def test_limit_without_match() -> None:
    """A pattern that fits nothing names the nearest."""
    listed = (Listed(entry=FirewallEntry(name="perimeter")),)
    with pytest.raises(UsageError) as caught:
        limited(listed, ["perimetre"])
    assert "perimeter" in caught.value.hint
