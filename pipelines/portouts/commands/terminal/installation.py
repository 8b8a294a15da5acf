"""Finds where portouts is installed and which user runs it, for the files of a schedule."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from portouts.errors import SettingsError


class User(NamedTuple):
    """A user of this machine; a user without a name has its number as name."""

    name: str
    uid: int
    gid: int


def own_command() -> tuple[str, ...]:
    """Return the words that start this portouts from any folder, with any PATH."""
    program = Path(sysconfig.get_path("scripts"), "portouts")
    return (str(program),) if program.is_file() else (sys.executable, "-m", "portouts")


def called_command() -> str:
    """Return the words that start this portouts from the current folder, as its user has called it."""
    called = Path(sys.argv[0])
    if called.name != "portouts":
        return shlex.join([sys.executable, "-m", "portouts"])
    found = shutil.which("portouts")
    if found and Path(found).resolve() == called.resolve():
        return "portouts"
    return shlex.quote(str(called))


def user_named(name: str | None) -> User:
    """Return the user of this name, or the current user; raises `SettingsError` if there is none."""
    import pwd  # Windows, where every command ends with a message, has no such module

    if name is None:
        uid, gid = os.geteuid(), os.getegid()
        try:
            return User(pwd.getpwuid(uid).pw_name, uid, gid)
        except KeyError:
            return User(str(uid), uid, gid)
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise SettingsError(f"--user {name}: this machine has no such user. Add it, or name another.") from None
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)
