"""A PostgreSQL server of the tests, in a scratch folder and behind a Unix socket: no port, no network.

PostgreSQL refuses to run as root, so root starts it as a user without rights.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = "nobody"
SUPERUSER = "portouts"
WITH_PASSWORD = "guarded"
# The folder is thrown away, so nothing has to reach the disk; to compile queries takes longer than to run them.
SETTINGS = {"listen_addresses": "", "fsync": "off", "full_page_writes": "off", "jit": "off"}


def find_programs() -> Path | None:
    """Find the folder of `initdb`, `pg_ctl` and `psql`, which Debian leaves out of the PATH."""
    versions = sorted(DEBIAN.glob("*/bin"), key=lambda folder: int(folder.parent.name), reverse=True)
    found = shutil.which("initdb", path=os.pathsep.join([os.environ["PATH"], *map(str, versions)]))
    return Path(found).resolve().parent if found else None


@dataclass(frozen=True)
class PostgresqlServer:
    """A running server: where its programs are, and the folder of its socket."""

    programs: Path
    folder: Path

    def uri(self, database: str = "postgres", user: str = SUPERUSER, password: str = "") -> str:
        """Return the address of a database."""
        given = f"&password={password}" if password else ""
        return f"postgresql:///{database}?host={self.folder}&user={user}{given}"

    def create_database(self, name: str) -> None:
        self._ask(f"create database {name}")

    def create_user(self, name: str, password: str = "") -> None:
        """Make a user without rights, if there is none."""
        self._ask(f"drop owned by {name}", must_work=False)
        self._ask(f"create role {name} login", must_work=False)
        if password:
            self._ask(f"alter role {name} password '{password}'")

    def _ask(self, statement: str, *, must_work: bool = True) -> None:
        _run(
            self.programs / "psql", "-Xqc", statement, "-h", self.folder, "-U", SUPERUSER, "postgres",
            must_work=must_work,
        )  # fmt: skip

    def start(self) -> None:
        settings = {**SETTINGS, "unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        _run(self.programs / "pg_ctl", "start", "--wait", "-D", self._data, "-l", self.folder / "log", "-o", options)

    def stop(self) -> None:
        """Stop at once, as a crash does: connections end, and the next start recovers."""
        _run(self.programs / "pg_ctl", "stop", "--wait", "--mode=immediate", "-D", self._data)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def run(self, script: Path, settings: Mapping[str, str]) -> None:
        """Run a script of psql in one session with these settings; its first error fails the test."""
        options = " ".join(f"-c {name}={value}" for name, value in settings.items())
        host, file = str(self.folder), str(script)
        ended = subprocess.run(
            [
                self.programs / "psql",
                "-Xq",
                "-h",
                host,
                "-U",
                SUPERUSER,
                "-v",
                "ON_ERROR_STOP=1",
                "-f",
                file,
                "postgres",
            ],
            check=False,
            env={"PGOPTIONS": options, "PGCLIENTENCODING": "UTF8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr


@contextmanager
def running(programs: Path, locale: str) -> Iterator[PostgresqlServer]:
    """Start a server that sorts texts as a language does, and end it and remove its folder afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="portouts-"))  # the path of a socket has at most 107 bytes
    data = folder / "data"
    _give_away(folder)
    try:
        _run(programs / "initdb", "-D", data, "-U", SUPERUSER, "--auth=trust", "--no-sync", "--encoding=UTF8",
             "--locale=C", "--locale-provider=icu", f"--icu-locale={locale}")  # fmt: skip
        _require_password(data / "pg_hba.conf")
        server = PostgresqlServer(programs, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def _require_password(rules: Path) -> None:
    """Let one user in with a password only."""
    rules.write_text(f"local all {WITH_PASSWORD} scram-sha-256\n{rules.read_text()}")


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        user = pwd.getpwnam(UNPRIVILEGED)
        os.chown(folder, user.pw_uid, user.pw_gid)


def _run(program: Path, *arguments: str | Path, must_work: bool = True) -> None:
    user = pwd.getpwnam(UNPRIVILEGED) if os.geteuid() == 0 else None
    subprocess.run(
        [program, *arguments],
        cwd="/",
        check=must_work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=None if must_work else subprocess.DEVNULL,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
    )
