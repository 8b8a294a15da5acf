"""Runs the files of `sql/`: models, checks, and what they need besides raw rows."""
