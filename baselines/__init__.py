"""The baselines that ship with st-audit: YAML documents, read through importlib.resources."""
