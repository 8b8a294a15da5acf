"""Finds one order, reads it from the API, and answers it."""
