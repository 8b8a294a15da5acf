"""Telnyx port-outs in DuckDB: how many numbers leave, which carriers gain them, how fast requests are answered."""
