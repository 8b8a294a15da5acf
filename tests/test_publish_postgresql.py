"""A PostgreSQL server as a target: it shows what the published file shows, and everything of others stays."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any

import duckdb
import publishing_process
import pytest
from adbc_driver_manager import Error
from adbc_driver_postgresql import dbapi
from portouts.extras import install_command
from portouts.publish.target import Target, TargetOutcome
from portouts.publish.targets import Request, publish_to_targets
from portouts_command import Ended
from portouts_sandbox import World
from postgresql_server import SUPERUSER, WITH_PASSWORD, PostgresqlServer, find_programs, running
from published_on_postgresql import ask_server, differing_tables, two_versions
from simulated_account import Account

PROGRAMS = find_programs()
SECRET = "s3cret-canary"
SCHEMAS = ("raw", "marts")

INSTANTS = 10
# What differs between the versions, in tables that are written at different times of a publication.
COUNTS = [
    "select count(*) from raw.portout_events",
    "select count(*) from raw.portout_observations",
    "select count(*) from raw.portouts where status = 'ported'",
    "select count(*) from raw.syncs",
]
TOGETHER = ", ".join(f"({count})" for count in COUNTS)

pytestmark = [
    pytest.mark.slow,  # a server
    pytest.mark.skipif(PROGRAMS is None, reason="needs PostgreSQL: apt-get install postgresql"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresqlServer]:
    assert PROGRAMS is not None
    with running(PROGRAMS, locale="en-US") as started:
        yield started


@pytest.fixture
def uri(server: PostgresqlServer, request: pytest.FixtureRequest) -> str:
    """Make an empty database for one test."""
    name = f"of_{abs(hash(request.node.name))}"
    server.create_database(name)
    return server.uri(name)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return two_versions(tmp_path_factory.mktemp("account"), orders=40)


def publish(uri: str, database: Path, schemas: tuple[str, ...] = ("raw",), *, whole: bool = False) -> TargetOutcome:
    [outcome] = publish_to_targets(database, database.parent, [Target(uri)], Request(schemas, seconds=60, whole=whole))
    return outcome


def published(uri: str, database: Path, schemas: tuple[str, ...] = ("raw",), *, whole: bool = False) -> TargetOutcome:
    outcome = publish(uri, database, schemas, whole=whole)
    assert not outcome.error
    return outcome


def test_a_target_gets_all_tables_and_then_only_what_differs(uri: str, versions: tuple[Path, Path]) -> None:
    first, second = versions
    everything = published(uri, first, SCHEMAS)
    assert everything.tables > 20
    again = published(uri, first, SCHEMAS, whole=True)
    assert (again.tables, again.rows_sent, again.rows_removed) == (0, 0, 0)
    later = published(uri, second, SCHEMAS)
    assert differing_tables(uri, second, *SCHEMAS) == []
    assert 0 < later.rows_sent < everything.rows_sent / 2
    assert published(uri, first, SCHEMAS).rows_removed > 0
    assert differing_tables(uri, first, *SCHEMAS) == []


def test_types_comments_keys_and_indexes_are_there(uri: str, versions: tuple[Path, Path]) -> None:
    published(uri, versions[1], SCHEMAS)
    assert ask_server(
        uri,
        "select data_type, col_description('marts.fct_portouts'::regclass, ordinal_position) is not null "
        "from information_schema.columns where table_schema = 'marts' and table_name = 'fct_portouts' "
        "and column_name in ('number_count', 'inserted_at', 'received_on', 'response_hours', 'is_open', 'status') "
        "order by ordinal_position",
    ) == [
        ("text", True),
        ("boolean", True),
        ("bigint", True),
        ("timestamp with time zone", True),
        ("date", True),
        ("double precision", True),
    ]
    [(comment,)] = ask_server(uri, "select obj_description('marts.fct_portouts'::regclass)")
    assert comment.startswith("One row per port-out order")
    keys = dict(
        ask_server(
            uri,
            "select conrelid::regclass::text, pg_get_constraintdef(oid) from pg_constraint where contype = 'p'",
        )
    )
    assert keys["marts.fct_portouts"] == "PRIMARY KEY (portout_id)"
    assert keys["raw.portout_observations"] == "PRIMARY KEY (portout_id, status, updated_at)"
    indexes = ask_server(uri, "select indexdef from pg_indexes where tablename = 'fct_portouts'")
    assert any(text.endswith("(carrier_id)") for (text,) in indexes)


def test_grants_owners_policies_and_views_of_others_stay(
    uri: str, versions: tuple[Path, Path], server: PostgresqlServer
) -> None:
    first, second = versions
    server.create_user("analyst")
    server.create_user("keeper")
    published(uri, first, ("marts",))
    ask_server(
        uri,
        "grant usage on schema marts to analyst",
        "grant select on marts.fct_portouts to analyst",
        "alter table marts.dim_days owner to keeper",
        "create view public.of_mine as select status, count(*) as orders from marts.fct_portouts group by status",
        "alter default privileges in schema marts grant select on tables to analyst",
        "drop table marts.agg_portouts",
        "select 1",
    )
    published(uri, second, ("marts",), whole=True)
    analyst = uri.replace(f"user={SUPERUSER}", "user=analyst")
    with duckdb.connect(str(second), read_only=True) as file:
        [held] = file.execute("select count(*) from marts.fct_portouts").fetchall()
        [days] = file.execute("select count(*) from marts.agg_portouts").fetchall()
    assert ask_server(analyst, "select count(*) from marts.fct_portouts") == [held]
    assert ask_server(uri, "select sum(orders)::bigint from public.of_mine") == [held]
    assert ask_server(analyst, "select count(*) from marts.agg_portouts") == [days]
    assert ask_server(uri, "select relowner::regrole::text from pg_class where relname = 'dim_days'") == [("keeper",)]


def test_a_table_of_another_program_is_not_touched(uri: str, versions: tuple[Path, Path]) -> None:
    ask_server(uri, "create schema raw", "create table raw.portouts as select 1 as mine", "select 1")
    outcome = publish(uri, versions[0])
    assert "raw.portouts there was not made by portouts" in outcome.error
    assert ask_server(uri, "select mine from raw.portouts") == [(1,)]
    assert ask_server(uri, "select count(*) from pg_tables where schemaname = 'raw'") == [(1,)]


def test_other_columns_and_other_schemas_are_followed(uri: str, versions: tuple[Path, Path]) -> None:
    published(uri, versions[0])
    ask_server(
        uri,
        "alter table raw.answers drop column detail, add column old_column text",
        "alter table raw.portouts drop column status, add column status bigint",
        "select 1",
    )
    published(uri, versions[0], whole=True)
    assert differing_tables(uri, versions[0], "raw") == []
    assert ask_server(uri, "select 1 from information_schema.columns where column_name = 'old_column'") == []
    published(uri, versions[0], ("marts",))
    assert ask_server(uri, "select count(*) from pg_tables where schemaname = 'raw'") == [(0,)]


def test_rows_that_others_changed_are_put_right(uri: str, versions: tuple[Path, Path]) -> None:
    published(uri, versions[1])
    ask_server(
        uri,
        "delete from raw.portout_events where id > '8'",
        "update raw.portouts set city = city || ' '",
        "insert into raw.covered_ranges select * from raw.covered_ranges",
        "select 1",
    )
    published(uri, versions[1], whole=True)
    assert differing_tables(uri, versions[1], "raw") == []


def test_odd_values_arrive_as_they_are(uri: str, versions: tuple[Path, Path], tmp_path: Path) -> None:
    odd = tmp_path / "odd.duckdb"
    shutil.copy(versions[0], odd)
    with duckdb.connect(str(odd)) as file:
        file.execute(
            """
            update raw.portouts set city = 'tab\t "quote" \\ ''
', end_user_name = '', zip = 'é🌍' || chr(31) || chr(30);
            create table raw.odd as select * from (values
                (1, 'nan'::double, date '9999-12-31', 1e300::decimal(38, 0)::hugeint),
                (2, '-0.0'::double, date '0044-03-15', null),
                (3, 1e-300, null, 5)
            ) as odd (id, value, day, huge)
            """.replace("1e300::decimal(38, 0)::hugeint", "170141183460469231731687303715884105727::hugeint")
        )
    published(uri, odd)
    assert differing_tables(uri, odd, "raw") == []
    assert ask_server(uri, "select id, value::text, day::text, huge from raw.odd order by id") == [
        (1, "NaN", "9999-12-31", "170141183460469231731687303715884105727"),
        (2, "-0", "0044-03-15", None),
        (3, "1e-300", None, "5"),
    ]
    with duckdb.connect(str(odd)) as file:
        file.execute("update raw.portouts set city = 'a' || chr(0) || 'b'")
    published(uri, odd)
    assert ask_server(uri, "select distinct city from raw.portouts") == [("a\N{REPLACEMENT CHARACTER}b",)]


def test_a_failure_is_explained_without_the_password(
    server: PostgresqlServer, uri: str, versions: tuple[Path, Path]
) -> None:
    server.create_user(WITH_PASSWORD, SECRET)
    wrong = server.uri(user=WITH_PASSWORD, password=f"not-{SECRET}")
    database = uri.partition("?")[0].rpartition("/")[2]
    failures = {
        wrong: "password authentication failed",
        server.uri("missing"): 'database "missing" does not exist',
        server.uri(database, WITH_PASSWORD, SECRET): "permission denied for database",
        f"postgresql://someone:{SECRET}@127.0.0.1:1/there": "Connection refused",
        f"postgresql://someone:{SECRET}@127.0.0.1:x1/there": "special characters of a password as %XX",
    }
    targets = [Target(address) for address in failures]
    outcomes = publish_to_targets(versions[0], versions[0].parent, targets, Request(SCHEMAS, seconds=60))
    assert [
        (said, one.error) for said, one in zip(failures.values(), outcomes, strict=True) if said not in one.error
    ] == []
    assert SECRET not in str(outcomes)
    assert ask_server(uri, "select nspname::text from pg_namespace where nspname in ('raw', 'marts')") == []


def test_a_server_that_never_answers_is_given_up(versions: tuple[Path, Path]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"postgresql://someone:{SECRET}@127.0.0.1:{silent.getsockname()[1]}/there"
        [outcome] = publish_to_targets(versions[0], versions[0].parent, [Target(url)], Request(SCHEMAS, seconds=0.3))
    assert "not done within" in outcome.error


def test_a_password_comes_from_the_environment_of_libpq(
    server: PostgresqlServer, uri: str, versions: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    server.create_user(WITH_PASSWORD, SECRET)
    database = uri.partition("?")[0].rpartition("/")[2]
    ask_server(uri, f"grant create on database {database} to {WITH_PASSWORD}", "select 1")
    monkeypatch.setenv("PGPASSWORD", SECRET)
    published(server.uri(database, WITH_PASSWORD), versions[0])
    assert differing_tables(uri, versions[0], "raw") == []


def test_a_target_that_is_down_loses_nothing_and_the_next_publication_catches_up(
    uri: str, versions: tuple[Path, Path], command: Callable[..., Ended]
) -> None:
    folder = Path.cwd()
    shutil.copytree(versions[1].parent, folder, dirs_exist_ok=True)
    down = f"postgresql://someone:{SECRET}@127.0.0.1:1/there"
    given = {"PORTOUTS_DATABASE": "portouts.duckdb", "PUBLISH__SCHEMAS": "raw"}
    built = command("models", "--full", "--json", **given, PUBLISH__TARGETS=f"{down} {uri}")
    assert built.code == 1
    assert "postgresql://127.0.0.1:1/there: " in built.err
    assert '"published": true' in built.out
    assert SECRET not in built.out + built.err
    assert differing_tables(uri, folder / "portouts.duckdb", "raw") == []
    ask_server(uri, "delete from raw.syncs", "select 1")
    caught_up = command("publish", **given, PUBLISH__TARGETS=uri)
    assert (caught_up.code, "in 1 tables" in caught_up.out) == (0, True)
    assert differing_tables(uri, folder / "portouts.duckdb", "raw") == []


def test_a_sync_publishes_and_names_the_target_that_it_could_not_reach(uri: str, tmp_path: Path) -> None:
    account = Account(World(orders=5, seed=3), tmp_path / "portouts.duckdb")
    down = "postgresql://127.0.0.1:1/there"
    outcome = account.sync(settings={"publish.targets": [down, uri], "publish.schemas": ["raw"]})
    assert [bool(one.error) for one in outcome.targets] == [True, False]
    assert differing_tables(uri, account.database, "raw") == []


@pytest.mark.parametrize(
    ("url", "package", "extra"),
    [("postgresql://127.0.0.1/there", "adbc_driver_postgresql", "postgresql"), ("s3://bucket", "s3fs", "s3")],
)
def test_a_missing_driver_is_named_before_anything_is_read(
    url: str, package: str, extra: str, command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    ended = command("publish", PUBLISH__TARGETS=url)
    assert (ended.code, install_command(extra) in ended.err) == (2, True)


class Reader(threading.Thread):
    """Reads the counts until it is stopped: in one statement, and in four of a transaction that sees one instant."""

    def __init__(self, uri: str) -> None:
        super().__init__(daemon=True)
        self._uri, self._is_stopped = uri, threading.Event()
        self.seen: set[tuple[Any, ...]] = set()
        self.start()

    def run(self) -> None:
        while not self._is_stopped.is_set():
            with suppress(Error), dbapi.connect(self._uri) as connection, connection.cursor() as cursor:  # it restarts
                while not self._is_stopped.is_set():
                    self.seen.add(_ask(cursor, f"select {TOGETHER}"))
                    connection.commit()
                    cursor.execute("set transaction isolation level repeatable read")
                    self.seen.add(tuple(_ask(cursor, count)[0] for count in COUNTS))
                    connection.commit()

    def stop(self) -> set[tuple[Any, ...]]:
        self._is_stopped.set()
        self.join()
        return self.seen


def _ask(cursor: Any, query: str) -> tuple[Any, ...]:
    cursor.execute(query)
    row: tuple[Any, ...] = cursor.fetchone()
    return row


def counts_of(database: Path) -> tuple[Any, ...]:
    with duckdb.connect(str(database), read_only=True) as connection:
        [row] = connection.execute(f"select {TOGETHER}").fetchall()
        return tuple(map(int, row))


@pytest.fixture
def publisher() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, publishing_process.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_kills_and_restarts_at_any_instant_leave_one_version(
    server: PostgresqlServer, uri: str, publisher: subprocess.Popen[str], versions: tuple[Path, Path]
) -> None:
    published(uri, versions[0])
    longest = published(uri, versions[1], whole=True).seconds
    reader, instants, interrupted = Reader(uri), random.Random(22), 0
    assert publisher.stdin is not None
    assert publisher.stdout is not None
    for number in range(INSTANTS):
        database = versions[number % 2]
        publisher.stdin.write(f"{database} {uri}\n")
        publisher.stdin.flush()
        process = int(publisher.stdout.readline())
        ended, _, _ = select([publisher.stdout], [], [], instants.random() * longest)
        interrupted += not ended
        if number % 3 == 2:
            server.stop()
            server.start()
        elif not ended:
            os.kill(process, signal.SIGKILL)
        assert publisher.stdout.readline() == "ended\n"
        published(uri, database, whole=True)
        assert differing_tables(uri, database, "raw") == []
    assert reader.stop() == {counts_of(one) for one in versions}
    assert interrupted > INSTANTS / 2
