"""What ASA and Firepower Threat Defense share: the configuration language and packet engine that Cisco calls LINA."""
