"""Checks what a first sync needs, and says what to do. It changes nothing and leaves no file behind."""
