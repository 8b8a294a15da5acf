"""Prints the results of `pending`, `show`, `authorize` and `reject`."""
