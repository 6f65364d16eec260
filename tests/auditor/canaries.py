"""Secrets to plant, in each platform's own words; `Canary` must be found nowhere afterwards."""

from __future__ import annotations

__all__ = ["CANARY", "PLANTED", "planted"]

CANARY = "Canary"
_LINA = (
    "enable password Canary-01 encrypted",
    "passwd Canary-02 encrypted",
    "username admin password Canary-03 pbkdf2 privilege 15",
    "snmp-server host inside 10.20.0.162 community Canary-04 version 2c",
    "snmp-server user ops group v3 auth sha Canary-05 priv aes 128 Canary-06",
    "aaa-server RADIUS (inside) host 10.20.0.53",
    " key Canary-07",
    "aaa-server LDAP (inside) host 10.20.0.54",
    " ldap-login-password Canary-08",
    "tunnel-group 203.0.113.5 ipsec-attributes",
    " ikev1 pre-shared-key Canary-09",
    " ikev2 remote-authentication pre-shared-key Canary-10",
    "failover key Canary-11",
    "ntp authentication-key 1 md5 Canary-12",
    "crypto isakmp key Canary-13 address 203.0.113.5",
    "banner motd the password is Canary-14",
    "router ospf 1",
    " message-digest-key 1 md5 Canary-15",
)
_ROUTER = (
    "enable secret 9 $9$Canary-21$Canary-22",
    "username admin privilege 15 secret 5 $1$Cana$Canary-23",
    "snmp-server community Canary-24 RO",
    "snmp-server host 10.20.0.162 version 2c Canary-25",
    "tacacs-server host 10.20.0.53 key 7 Canary-26",
    "radius-server key Canary-27",
    "crypto isakmp key Canary-28 address 203.0.113.5",
    "key chain K",
    " key 1",
    "  key-string 7 Canary-29",
    "interface GigabitEthernet0/9",
    " ip ospf message-digest-key 1 md5 7 Canary-30",
    " standby 1 authentication md5 key-string Canary-31",
    " ppp chap password 7 Canary-32",
    "router bgp 64512",
    " neighbor 203.0.113.9 password 7 Canary-33",
    "ntp authentication-key 1 md5 Canary-34 7",
    "line vty 0 4",
    " password 7 Canary-35",
)
_XR = (
    "username admin",
    " secret 5 $1$Cana$Canary-41",
    " password 7 Canary-42",
    "snmp-server community Canary-43 RO",
    "snmp-server user ops group v3 auth sha encrypted Canary-44 priv aes 128 encrypted Canary-45",
    "tacacs-server host 10.20.0.53 port 49",
    " key 7 Canary-46",
    "key chain K",
    " key 1",
    "  key-string password Canary-47",
    "router bgp 64512",
    " neighbor 203.0.113.9",
    "  password encrypted Canary-48",
)
_NXOS = (
    "username admin password 5 $5$Cana$Canary-51  role network-admin",
    "snmp-server user admin network-admin auth md5 Canary-52 priv Canary-53 localizedkey",
    "snmp-server community Canary-54 group network-operator",
    'radius-server key 7 "Canary-55"',
    "tacacs-server host 10.20.0.53 key 7 Canary-56",
    "key chain K",
    "  key 1",
    "    key-string 7 Canary-57",
    "ntp authentication-key 1 md5 Canary-58 7",
    "interface Vlan10",
    "  ip ospf authentication-key 3 Canary-59",
    "  hsrp version 2",
)
_LINUX = ("# password: Canary-61", "# psk = Canary-62", "# https://ops:Canary-63@192.0.2.9/hook")
PLANTED = {
    "cisco_asa": _LINA,
    "cisco_ftd": _LINA,
    "cisco_ios": _ROUTER,
    "cisco_iosxr": _XR,
    "cisco_nxos": _NXOS,
    "linux_nftables": _LINUX,
    "linux_iptables": _LINUX,
    "linux": _LINUX,
}


def planted(platform: str, text: str) -> str:
    """Give a text with the platform's secrets after its first line."""
    first, newline, rest = text.partition("\n")
    return "".join([first, newline or "\n", *(f"{line}\n" for line in PLANTED[platform]), rest])
