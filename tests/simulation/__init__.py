"""Whole syncs against a moving, failing API, from seeds; `python -m simulation --help` runs as many as asked."""
