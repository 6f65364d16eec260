#!/usr/bin/env bash
# Installs the real firewalls and servers that the tests load and connect to, a browser that opens the HTML
# report, and the reader of OSCAL, whose dependencies exclude ours and which therefore lives in .venv/oscal.
#
# As root on Debian or its kin it installs what is missing. Elsewhere it names what is missing and
# ends well: the tests that need it are skipped, each by name.
set -euo pipefail

# program : Debian package
needed=(
    nft:nftables
    iptables-save:iptables
    ipset:ipset
    conntrack:conntrack
    sshd:openssh-server
    ssh-keygen:openssh-client
    ip:iproute2
    ufw:ufw
    firewalld:firewalld
    dbus-daemon:dbus-daemon
    chromium:chromium
    initdb:postgresql
)

oscal() {
    local place=.venv/oscal lock=tests/oscal/requirements.lock pip
    if [[ -e $place/.installed && ! $lock -nt $place/.installed ]]; then
        return
    fi
    # A Python without ensurepip (Debian's, short of python3-venv) gets its packages from another pip.
    if ! .venv/bin/python -m venv --without-pip "$place"; then return 1; fi
    if .venv/bin/python -c 'import pip' 2>/dev/null; then pip=(.venv/bin/python -m pip); else pip=(python3 -m pip); fi
    "${pip[@]}" --python "$place/bin/python" install --quiet --require-hashes -r "$lock" && touch "$place/.installed"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if ! oscal >&2; then
    if [[ ${CI:-} == true ]]; then
        echo "tests/setup.sh: CI must read OSCAL with compliance-trestle, so this is an error" >&2
        exit 1
    fi
    echo "tests/setup.sh: compliance-trestle could not be installed; its test is SKIPPED" >&2
fi

PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"
for bin in /usr/lib/postgresql/*/bin; do # where Debian keeps the server, by version
    PATH="$PATH:$bin"
done
programs=()
packages=()
for pair in "${needed[@]}"; do
    if ! command -v "${pair%%:*}" >/dev/null; then
        programs+=("${pair%%:*}")
        packages+=("${pair#*:}")
    fi
done
if ((${#packages[@]} == 0)); then
    exit 0
fi

if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    echo "tests/setup.sh: not root on Debian, so these stay missing and their tests are SKIPPED: ${programs[*]}" >&2
    exit 0
fi

# A server that a package starts by itself would listen on the tester's machine: forbid it while we install.
policy=/usr/sbin/policy-rc.d
if [[ ! -e $policy ]]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi

log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
echo "tests/setup.sh: installing ${packages[*]}" >&2
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "${packages[@]}"; } >"$log" 2>&1 </dev/null; then
    cat "$log" >&2
    if [[ ${CI:-} == true ]]; then
        echo "tests/setup.sh: CI must test against the real programs, so this is an error" >&2
        exit 1
    fi
    echo "tests/setup.sh: could not install; tests are SKIPPED for want of: ${programs[*]}" >&2
fi
rm -f "$log"
