"""Emulated devices behind a real SSH server on loopback: what `st-audit demo` audits, and what the tests collect from.

They speak a device's protocol as far as a collector sees it; they are not the devices. They need the extra `demo`
(asyncssh, an SSH implementation independent of the paramiko that collects).
"""

from __future__ import annotations
