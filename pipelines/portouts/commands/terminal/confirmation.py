"""Questions before something that cannot be undone: asked on the terminal, or answered beforehand by `--yes`."""

from __future__ import annotations

import sys

from portouts.errors import Interrupted, SettingsError


def require_answerable(*, yes: bool) -> None:
    """Raise `SettingsError` if a question could not be answered: there is no terminal, and no `--yes`."""
    if not yes and not (sys.stdin and sys.stdin.isatty()):
        raise SettingsError("This asks before it works, and standard input is no terminal. Add --yes to answer now.")


def confirm(question: str, *, otherwise: str = "Nothing was changed.") -> None:
    """Ask on standard error. Raises `Interrupted`, which says what holds `otherwise`, unless the answer is yes."""
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise Interrupted(otherwise)
