"""Deployments: who is who at a site, and what each of its firewalls must therefore let through."""
