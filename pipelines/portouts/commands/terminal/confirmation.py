"""Asks on the terminal before an irreversible step; `--yes` answers the question in advance."""

from __future__ import annotations

import sys

from portouts.errors import Interrupted, SettingsError


def require_answerable(*, yes: bool) -> None:
    """Raise `SettingsError` if there is neither a terminal nor `--yes`."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise SettingsError(
            "This command asks before it starts, and standard input is no terminal. Add --yes to answer the question."
        )


def confirm(question: str, *, otherwise: str = "Nothing was changed.") -> None:
    """Ask on standard error. Raises `Interrupted` with the text `otherwise` unless the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Interrupted(otherwise)
