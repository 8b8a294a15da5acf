"""Hands the published file to the targets of `[publish]`."""
