"""What Cisco IOS, NX-OS and IOS XR share: stateless access lists on interfaces, their groups, interfaces and routes."""
