"""Rows of the API as Arrow tables: their fields, their privacy, their versions."""
