"""What the Linux platforms share: nftables and iptables both become base chains at the hooks of netfilter."""
