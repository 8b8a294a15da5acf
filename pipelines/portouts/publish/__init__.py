"""Copies a published file to targets: PostgreSQL and object storage."""
