"""A PostgreSQL server as a target: it gets the rows that differ, in one transaction."""
