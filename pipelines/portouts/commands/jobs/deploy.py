"""Writes the files of a schedule from the templates in `deploy/`.

`@name@` in a template is replaced by a value. A list of words is quoted word by word: `["@command@"]` becomes
`["/usr/bin/python3", "-m", "portouts"]`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from portouts.errors import MachineFault, SettingsError

_PLACE = re.compile(r"@([a-z_]+)@")
_UNUSABLE = re.compile("[\\\\\x00-\x1f\x7f\ud800-\udfff]")
_REFUSED_BY_SYSTEMD = re.compile("[\"']")


class Kind(StrEnum):
    """The program that runs the syncs."""

    CRON = "cron"
    SYSTEMD = "systemd"
    DOCKER = "docker"
    GITHUB_ACTIONS = "github-actions"
    DAGSTER = "dagster"


@dataclass(frozen=True)
class Schedule:
    """The values in the files of a schedule; all paths are absolute."""

    command: tuple[str, ...]
    """The words that start portouts."""
    database: Path
    key_file: Path
    """A file with the API key; no file of a schedule contains the key itself."""
    minutes: int
    """Minutes from one sync to the next; a divisor of 60."""
    user: str
    uid: int
    gid: int
    config: Path | None = None
    state_dir: Path | None = None

    @property
    def folder(self) -> Path:
        return self.database.parent

    @property
    def arguments(self) -> tuple[str, ...]:
        given = {"--database": self.database, "--config": self.config, "--state-dir": self.state_dir}
        return tuple(word for name, path in given.items() if path for word in (name, str(path)))

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.command[0], *self.arguments[1::2], str(self.key_file))


@dataclass(frozen=True)
class Deployment:
    """The files of a schedule, after they were written."""

    kind: Kind
    schedule: Schedule
    output: Path
    written: list[Path]
    unchanged: list[Path]

    @property
    def files(self) -> list[Path]:
        return sorted([*self.written, *self.unchanged])

    @property
    def notes(self) -> list[str]:
        """Notes on choices that may be unintended."""
        notes, schedule = [], self.schedule
        if schedule.uid == 0 and self.kind in {Kind.SYSTEMD, Kind.DOCKER}:
            notes.append(
                "The syncs run as root. To use another user, give --user; that user must own the database's folder."
            )
        if self.kind is Kind.SYSTEMD and (hidden := [path for path in schedule.paths if _is_temporary(path)]):
            notes.append(f"The service has a /tmp of its own and will not find {', '.join(hidden)}. Use other folders.")
        return notes


class _Quoting(NamedTuple):
    """How one kind of file quotes and separates words."""

    quote: Callable[[str], str]
    between: str
    """The separator of two words."""


def deploy_folder() -> Path:
    """Return the folder of templates: in the installed package, or in the checkout."""
    shipped = Path(__file__).parents[2] / "deploy"
    return shipped if shipped.is_dir() else Path(__file__).parents[4] / "deploy"


def write_deployment(kind: Kind, schedule: Schedule, output: Path, *, force: bool = False) -> Deployment:
    """Write the files of a kind into `output`; raises `SettingsError` rather than replace a file that differs."""
    texts = {output / name: text for name, text in render(kind, schedule).items()}
    try:
        held = {path: path.read_text(encoding="utf-8", errors="replace") for path in texts if path.exists()}
        if differing := [str(path) for path, text in held.items() if text != texts[path]]:
            _refuse_to_replace(differing, force=force)
        written = [path for path, text in texts.items() if held.get(path) != text]
        output.mkdir(parents=True, exist_ok=True)
        for path in written:
            path.write_text(texts[path], encoding="utf-8")
    except OSError as error:
        raise MachineFault(f"--output {output}: {error.filename} cannot be written ({error.strerror}).") from None
    return Deployment(kind, schedule, output, sorted(written), sorted(texts.keys() - set(written)))


def _refuse_to_replace(files: Sequence[str], *, force: bool) -> None:
    if not force:
        raise SettingsError(
            f"{', '.join(files)} would be replaced by other content, so nothing was written. Name another folder with "
            "--output, or add --force."
        )


def render(kind: Kind, schedule: Schedule) -> dict[str, str]:
    """Fill the templates of a kind; return the texts by the names of the files."""
    quoting, values = _QUOTING[kind], _values(kind, schedule)

    def fill(place: re.Match[str]) -> str:
        value = values[place[1]]
        words = (value,) if isinstance(value, str) else value
        return quoting.between.join(map(_plain if place[1] in _NEVER_QUOTED else quoting.quote, words))

    templates = sorted(filter(Path.is_file, (deploy_folder() / kind).iterdir()))
    return {path.name: _PLACE.sub(fill, path.read_text(encoding="utf-8")) for path in templates}


def _values(kind: Kind, schedule: Schedule) -> Mapping[str, str | tuple[str, ...]]:
    for path in schedule.paths:
        if _UNUSABLE.search(path):
            raise SettingsError(f"{path!a}: a schedule cannot name a path with such a character. Use another one.")
    every = schedule.minutes
    return {
        "command": _for_systemd(schedule.command) if kind is Kind.SYSTEMD else schedule.command,
        "arguments": schedule.arguments,
        "key_file": str(schedule.key_file),
        "credential": str(schedule.key_file).replace("%", "%%"),
        "folder": str(schedule.folder),
        "name": schedule.database.name,
        "writable": tuple(str(path) for path in (schedule.folder, schedule.state_dir) if path),
        "log": str(schedule.folder / "portouts.log"),
        "user": schedule.user,
        "uid": str(schedule.uid),
        "gid": str(schedule.gid),
        "every": str(every),
        "seconds": str(every * 60),
        "calendar": f"*:0/{every}" if every < 60 else "*:00",
        "cron": f"*/{every} * * * *" if every < 60 else "0 * * * *",
        # GitHub starts runs late in the first minutes of an hour.
        "busy_hours_avoided": f"{every // 2}-59/{every} * * * *" if every < 60 else "30 * * * *",
    }


# These are not quoted: they contain digits, blanks and stars only, or stand in a line where systemd keeps quotes.
_NEVER_QUOTED = frozenset({"credential", "cron", "busy_hours_avoided"})


def _is_temporary(path: str) -> bool:
    return path.startswith(("/tmp/", "/var/tmp/"))  # noqa: S108 (nothing is written there)


def _for_systemd(command: tuple[str, ...]) -> tuple[str, ...]:
    """Start a program through a shell if its path has a quote, which systemd refuses in the name of a program."""
    return ("/bin/sh", "-c", 'exec "$@"', "sh", *command) if _REFUSED_BY_SYSTEMD.search(command[0]) else command


def _plain(word: str) -> str:
    return word


def _in_crontab(word: str) -> str:
    """Quote for the shell; cron turns a percent sign without a backslash into a line break."""
    return shlex.quote(word).replace("%", r"\%")


def _in_double_quotes(word: str) -> str:
    """Escape for double quotes as in JSON, which YAML and Python read as well."""
    return json.dumps(word, ensure_ascii=False)[1:-1]


def _in_unit(word: str) -> str:
    return _in_double_quotes(word).replace("%", "%%")


def _in_compose(word: str) -> str:
    return _in_double_quotes(word).replace("$", "$$")


_QUOTING = {
    Kind.CRON: _Quoting(_in_crontab, " "),
    Kind.SYSTEMD: _Quoting(_in_unit, '" "'),
    Kind.DOCKER: _Quoting(_in_compose, '", "'),
    Kind.GITHUB_ACTIONS: _Quoting(_in_double_quotes, '", "'),
    Kind.DAGSTER: _Quoting(_in_double_quotes, '", "'),
}
