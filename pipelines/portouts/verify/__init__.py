"""Counts against counts: the warehouse compared with the API, and repaired."""
