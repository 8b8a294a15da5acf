"""The marts once more, in plain lists and loops by topic, with no code of the product; `marts.py` is the entry."""
