"""No secret and no PIN leaves a command in any mode, nor a name or a number under `drop`, whatever goes wrong.

The account is full of canaries; every command runs well and badly at every level of the log, and all that it printed,
wrote and sent is searched for them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import duckdb
import pytest
import typer.main
from plain_server import Received, serving
from portouts.commands.app import app
from portouts_sandbox import World, create_app, running
from typer.testing import CliRunner

pytestmark = pytest.mark.slow  # whole syncs, and every command by the dozen

KEY, SALT, PING, PASSWORD = (f"CANARY_{word}_7719" for word in ("KEY", "SALT", "PING", "PASSWORD"))
PIN, NAME, NUMBER = "83910572", "Quillon Vexwhistle", "+12125550147"
SECRETS = (KEY, SALT, PING, PASSWORD, PIN)
PERSONAL = ("Vexwhistle", "5550147")
SENTENCE = f"The PIN {PIN} of {NAME}, {NUMBER}"
LEVELS = {
    "usual": (),
    "verbose": ("-v",),
    "JSON": ("--log-format", "json"),
    "verbose JSON": ("-v", "--log-format", "json"),
}
# Personal data may be shown with `keep`, and hashed with `hash`. "verbose JSON" logs most.
# `--quiet` only leaves lines out.
CASES = [("drop", "verbose JSON"), ("drop", "usual"), ("hash", "verbose"), ("keep", "JSON")]
# Command → how it runs. ORDER and KEY stand for those of an order, OUT for a new file or folder.
RUNS: Mapping[str, list[str]] = {
    "doctor": ["", "--json"],
    "sync": ["", "--json --full --verify month --keep 1", "--as-of yesterday"],
    "verify": ["--depth day --sample 1 --json", "--since 2026-01-01 --until 2025-01-01"],
    "models": ["--full"],
    "redact": ["--pii MODE --yes", "--pii drop", "--pii nothing"],
    "status": ["", "--check --json", "--max-age 1m"],
    "pending": ["", "--json"],
    "show": ["ORDER", "KEY --json", "none"],
    "authorize": ["ORDER --dry-run --yes", "KEY", "none --yes --json"],
    "reject": ["ORDER --code 1001 --dry-run --yes", "ORDER --code 99 --yes --json", "ORDER --code 1003 --yes"],
    "alerts test": [""],
    "alerts preview": ["", "--json"],
    "report": ["--output missing/report.html"],
    "export": ["--format csv --output OUT", "--by-month --output OUT --json", "--mart none --output OUT"],
    "publish": ["", "--json"],
    "settings": ["", "--json"],
    "accounts list": ["", "--json"],
    "accounts rename": ["none another", "default default --json"],
    "accounts remove": ["none --json", "default"],
    "deploy": ["cron --output OUT", "systemd --output OUT --json", "nothing --output OUT"],
    "demo": ["--database portouts.duckdb"],  # which is there
    "sandbox": ["--port 99999"],
}


ASKING = ("doctor", "sync", "verify", "show", "authorize", "reject")


def repeats_the_key(asked: Received) -> str:
    return json.dumps({"errors": [{"code": "10009", "title": asked.headers, "detail": asked.headers}]})


def breaks_off(_asked: Received) -> str:
    return json.dumps({"data": [{"id": "1", "reason": SENTENCE, "end_user_name": NAME, "pin": PIN}]})[:-9]


def has_other_types(_asked: Received) -> str:
    return json.dumps({"data": [{"id": [SENTENCE], "status": NAME}], "meta": {"total_results": SENTENCE}})


BAD_ANSWERS = {repeats_the_key: 401, breaks_off: 400, has_other_types: 200}


def unforeseen(*_arguments: object, **_options: object) -> NoReturn:
    raise RuntimeError(f"{' '.join(SECRETS)} {NAME} {NUMBER}")


def names_of(group: Any, *before: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from names_of(command, *before, name)
        else:
            yield " ".join((*before, name))


COMMANDS = [*names_of(typer.main.get_command(app))]


class Account(NamedTuple):
    """A folder with the files of all runs, and the options of the commands."""

    mode: str
    folder: Path
    world: World
    order: str
    environment: dict[str, str]
    received: list[Received]

    @property
    def forbidden(self) -> tuple[str, ...]:
        return (*SECRETS, *PERSONAL) if self.mode == "drop" else SECRETS

    def shows_nothing(self, name: str, arguments: str, *level: str, **environment: str) -> None:
        """Run a command, and search all that it printed."""
        out = self.folder / f"out-{len([*self.folder.iterdir()])}"
        places = {"ORDER": self.order, "KEY": "CANARY-1", "OUT": str(out), "MODE": self.mode}
        words = [places.get(word, word) for word in arguments.split()]
        variables = {**self.environment, **environment}
        ended = CliRunner().invoke(app, [*name.split(), *words, *level], prog_name="portouts", env=variables)
        printed = ended.stdout + ended.stderr
        assert (name, arguments, shown_in(printed, self.forbidden)) == (name, arguments, []), printed
        assert ended.exception is None or isinstance(ended.exception, SystemExit), (name, ended.exception)
        assert ended.exit_code in {0, 1, 2, 3, 4}


def planted(world: World) -> str:
    """Add an order with a canary in each field that can hold one."""
    order = world.add_order(
        support_key="CANARY-1",
        phone_numbers=[NUMBER],
        end_user_name=NAME,
        authorized_name=NAME,
        service_address=f"{NAME}, {NUMBER}",
        attempted_pin=PIN,
        pin_passcode=PIN,
        reason=SENTENCE,
        unheard_of={"pin": PIN, "name": NAME, "numbers": [NUMBER]},
    )
    world.comment(order, SENTENCE)
    return order


@contextmanager
def account_of(mode: str, folder: Path) -> Iterator[Account]:
    """Serve an account full of canaries, and receive what is sent about it."""
    world = World(30, seed=5)
    order = planted(world)
    with running(create_app(world, api_key=KEY)) as base_url, serving(200) as (receiver, received):
        environment = {
            "PORTOUTS_DATABASE": str(folder / "portouts.duckdb"),
            "TELNYX_API_KEY": KEY,
            "TELNYX_BASE_URL": base_url,
            "SOURCES__TELNYX__PII": mode,
            "SOURCES__TELNYX__PII_SALT": SALT,
            "METRICS__FILE": str(folder / "portouts.prom"),
            "METRICS__PING_URL": f"{receiver}/{PING}",
            "ALERTS__URLS": f"json://user:{PASSWORD}@{receiver.removeprefix('http://')}/alerts",
            "ALERTS__HOURS_BEFORE": "8760",
            "PUBLISH__TARGETS": f"postgresql://user:{PASSWORD}@127.0.0.1:9/portouts",  # where nothing listens
        }
        yield Account(mode, folder, world, order, environment, received)


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DLT_DATA_DIR", "ARROW_DEFAULT_MEMORY_POOL"):  # which a command changes
        monkeypatch.setenv(name, "system" if name.startswith("ARROW") else str(tmp_path / "dlt"))


def shown_in(text: str, canaries: tuple[str, ...]) -> list[str]:
    return [canary for canary in canaries if canary in text]


def columns_with(path: Path, canaries: tuple[str, ...]) -> set[str]:
    """List the columns of all tables and views in which one of these words stands."""
    found = set[str]()
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "select schema_name || '.' || table_name, list(column_name) from duckdb_columns() "
            "where not internal and database_name = current_database() group by all"
        ).fetchall()
        for table, columns in tables:
            answers = ", ".join(
                f"bool_or({' or '.join(f'contains(cast({column} as varchar), $${word}$$)' for word in canaries)})"
                for column in columns
            )
            [row] = connection.execute(f"select {answers} from {table}").fetchall()
            found |= {f"{table}.{column}" for column, is_found in zip(columns, row, strict=True) if is_found}
    return found


def files_with(folder: Path, canaries: tuple[str, ...]) -> set[str]:
    """List the files, and the columns of databases, in which one of these words stands."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    found = {str(path) for path in files if shown_in(path.read_bytes().decode("latin-1"), canaries)}
    databases = [path for path in files if path.suffix == ".duckdb"]
    assert len(databases) >= 2
    return found.union(*(columns_with(path, canaries) for path in databases))


def test_every_command_has_runs() -> None:
    assert {*COMMANDS} - {*RUNS} == set()


def runs_of(commands: Iterable[str]) -> Iterator[tuple[str, str]]:
    return ((name, arguments) for name in commands if name in RUNS for arguments in RUNS[name])


@pytest.mark.parametrize(("mode", "level"), CASES, ids=[", ".join(case) for case in CASES])
def test_no_canary_is_shown_written_or_sent(
    mode: str, level: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = LEVELS[level]
    with account_of(mode, tmp_path) as account:
        for name, arguments in runs_of(sorted(COMMANDS, key=[*RUNS].index)):
            account.shows_nothing(name, arguments, *options)
        if (mode, level) == ("drop", "verbose JSON"):
            account.shows_nothing("report", "--output OUT", *options)
        for answer, status in BAD_ANSWERS.items():
            with serving(status, answer) as (url, asked):
                for name in {*ASKING} & {*COMMANDS}:
                    account.shows_nothing(name, RUNS[name][0], *options, TELNYX_BASE_URL=f"{url}/v2")
                assert asked
        for broken, names in {"duckdb.connect": COMMANDS, "httpx.AsyncClient.send": ASKING}.items():
            with monkeypatch.context() as breaking:
                breaking.setattr(broken, unforeseen)
                for name in sorted({*names} & {*COMMANDS}):
                    account.shows_nothing(name, RUNS[name][0], *options)
        assert files_with(tmp_path, account.forbidden) == set()
        sent = "".join(one.body for one in account.received)
        assert shown_in(sent, (*SECRETS, *PERSONAL)) == []
