"""Prints the results of `sync`, `verify`, `models` and `redact`."""
