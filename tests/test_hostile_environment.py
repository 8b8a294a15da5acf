"""Nothing in the environment and no wider section of a file changes a sync, and only the API receives the key.

Every name is one that dlt, or a library below it, would look up for our pipeline if we let it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import duckdb
import portouts_command
import pytest
from portouts_sandbox import World, create_app, running
from simulated_account import ask

pytestmark = pytest.mark.slow  # a process a test

KEY = "KEY_CANARY_7780_NOT_A_SECRET"
# Bare names of our settings and of dlt's, which dlt looks up for any pipeline.
SETTINGS = {
    "API_KEY": "KEY_OF_ANOTHER_VENDOR",
    "EVENTS": "false",
    "START_DATE": "2030-01-01",
    "TIME_ZONE": "Asia/Kolkata",
    "BUSINESS_TIME_ZONE": "Mars/Olympus",
    "RESPONSE_WINDOW_HOURS": "1",
    "PAGE_SIZE": "3",
    "MAX_CONCURRENCY": "0",
    "OVERLAP_MINUTES": "-1",
    "HOLIDAYS": "/nowhere.csv",
    "PII": "drop",
    "PII_SALT": "salt",
}
ADDRESSES = ("BASE_URL", "RUNTIME__DLTHUB_TELEMETRY_ENDPOINT", "RUNTIME__SLACK_INCOMING_HOOK", "RUNTIME__SENTRY_DSN")
PIPELINE = {
    "DEV_MODE": "true",
    "FULL_REFRESH": "true",
    "PROGRESS": "log",
    "STAGING_NAME": "filesystem",
    "STAGING_TYPE": "filesystem",
    "DATASET_NAME": "elsewhere",
    "DATASET_NAME_LAYOUT": "prod_%s",
    "PIPELINE_NAME": "elsewhere",
    "PIPELINES_DIR": "elsewhere",
    "USE_SINGLE_DATASET": "false",
    "RESTORE_FROM_DESTINATION": "false",
    "EXPORT_SCHEMA_PATH": "elsewhere",
    "SCHEMA__NAMING": "direct",
    "NAMING": "direct",
    "SCHEMA_CONTRACT": "freeze",
    "MAX_TABLE_NESTING": "perhaps",
    "WORKERS": "perhaps",
    "EXTRACT__WORKERS": "0",
    "NORMALIZE__WORKERS": "perhaps",
    "NORMALIZE__LOADER_FILE_FORMAT": "jsonl",
    "LOADER_FILE_FORMAT": "jsonl",
    "LOAD__WORKERS": "perhaps",
    "LOAD__DELETE_COMPLETED_JOBS": "false",
    "RAISE_ON_FAILED_JOBS": "false",
    "TRUNCATE_STAGING_DATASET": "true",
    "DATA_WRITER__BUFFER_MAX_ITEMS": "1",
    "BUFFER_MAX_ITEMS": "1",
    "FILE_MAX_ITEMS": "1",
    "LOG_LEVEL": "perhaps",
    "RUNTIME__LOG_LEVEL": "DEBUG",
    "RUNTIME__DLTHUB_TELEMETRY": "true",
    "RUNTIME__INTERCEPT_SIGNALS": "true",
    "CREDENTIALS": "elsewhere.duckdb",
    "DESTINATION__DUCKDB__CREDENTIALS": "elsewhere.duckdb",
    "DESTINATION__DUCKDB__DATASET_NAME": "elsewhere",
    "DESTINATION__DUCKDB__NAMING_CONVENTION": "direct",
    "SOURCES__TELNYX__SCHEMA__NAMING": "direct",
}
# Variables that dlt reads while it is imported, or outside its configuration.
OF_DLT = {
    "DLT_PROJECT_DIR": "elsewhere",
    "DLT_DATA_DIR": "elsewhere",
    "DLT_CONFIG_FOLDER": "elsewhere",
    "DLT_LOCAL_DIR": "/nowhere",
    "DLT_USE_JSON": "simplejson",
    "DLT_DEFAULT_NAMING_MODULE": "direct",
    "DLT_JSON_TYPED_PUA_START": "perhaps",
    "DLT_INTERVAL_START": "2020-01-01T00:00:00Z",
    "DLT_INTERVAL_END": "2020-01-02T00:00:00Z",
    "DLT_INTERVAL_TIMEZONE": "Mars/Olympus",
}
PREFIXES = ("", "SOURCES__", "PORTOUTS__SOURCES__TELNYX__", "SOURCES__TELNYX__TELNYX__")
MATRIX: Mapping[str, Mapping[str, str]] = {
    "our settings": {prefix + name: value for prefix in PREFIXES for name, value in SETTINGS.items()},
    "settings of dlt": {
        prefix + name: value
        for prefix in ("", "PIPELINES__PORTOUTS__", "PORTOUTS__")
        for name, value in PIPELINE.items()
    },
    "what dlt reads at its import": OF_DLT,
    **{f"refresh: {mode}": {"REFRESH": mode} for mode in ("drop_data", "drop_resources", "drop_sources")},
}
# Tables that contain the time of a run.
OF_THE_RUN = "'syncs', 'rpt_sync', 'verifications', 'rpt_verifications'"


@contextmanager
def listener() -> Iterator[tuple[str, list[bytes]]]:
    """Listen as a foreign server does, and record what arrives."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def listen() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    received.append(connection.recv(65536))

        thread = Thread(target=listen, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", received
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def content(database: Path) -> dict[str, Any]:
    """Read what is published, and the names of everything in it."""
    with duckdb.connect(str(database), read_only=True) as connection:
        connection.execute("set timezone = 'UTC'")
        names = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables order by all"
        ).fetchall()
        tables = connection.execute(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_schema in ('raw', 'marts') and table_name[:4] <> '_dlt' "
            f"and table_name not in ({OF_THE_RUN})"
        ).fetchall()
        rows = {
            table: connection.execute(f"select columns(lambda c: c <> 'sync_id') from {table} order by all").fetchall()
            for (table,) in tables
        }
    return {"names": names, **rows}


def synced(folder: Path, environment: Mapping[str, str], config: str = "") -> dict[str, Any]:
    """Sync an account twice with three days between, as cron would, and read what was published."""
    folder.mkdir()
    (folder / ".dlt").mkdir()
    (folder / ".dlt" / "config.toml").write_text(config, encoding="utf-8")
    world = World(80, seed=5)
    with running(create_app(world, api_key=KEY)) as base_url:
        given = {**environment, "TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url}
        for _ in range(2):
            code, _, err = portouts_command.run("sync", "--as-of", world.now.isoformat(), folder=folder, **given)
            assert code == 0, err
            world.advance(timedelta(days=3))
    assert not (folder / "elsewhere").exists()
    assert not (folder / "elsewhere.duckdb").exists()
    return content(folder / "data" / "portouts.duckdb")


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    found = synced(tmp_path_factory.mktemp("undisturbed") / "plain", {})
    assert len(found["raw.portout_events"]) > 100
    return found


@pytest.mark.parametrize("environment", MATRIX.values(), ids=MATRIX)
def test_no_environment_changes_a_sync_or_receives_the_key(
    environment: Mapping[str, str], undisturbed: dict[str, Any], tmp_path: Path
) -> None:
    with listener() as (stranger, received):
        proxies = dict.fromkeys(("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"), stranger)
        wide = {f"{prefix}{name}": stranger for prefix in ("", "SOURCES__", "TELNYX__") for name in ADDRESSES}
        assert synced(tmp_path / "hostile", {**proxies, **wide, **environment}) == undisturbed
    assert received == []


def test_no_wider_section_changes_a_sync_or_receives_the_key(undisturbed: dict[str, Any], tmp_path: Path) -> None:
    with listener() as (stranger, received):
        lines = {**{name.lower(): value for name, value in {**SETTINGS, **PIPELINE}.items() if "__" not in name}}
        lines |= {"base_url": stranger, "refresh": "drop_data"}
        body = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
        sections = ["", "[sources]", "[telnyx]", "[pipelines]", "[pipelines.portouts]", "[portouts.sources.telnyx]"]
        sections += [
            "[sources.telnyx.telnyx]",
            "[load]",
            "[normalize]",
            "[schema]",
            "[runtime]",
            "[destination.duckdb]",
        ]
        config = "".join(f"{section}\n{body}" for section in sections)
        assert synced(tmp_path / "hostile", {}, config) == undisturbed
    assert received == []


@pytest.mark.parametrize("proxy", ["stranger", "socks5://127.0.0.1:9", "gopher://127.0.0.1:9", "127.0.0.1:none"])
def test_a_demo_reaches_its_own_account_whatever_the_proxies_are(proxy: str, tmp_path: Path) -> None:
    with listener() as (stranger, received):
        url = stranger if proxy == "stranger" else proxy
        proxies = {f"{scheme}_proxy": url for scheme in ("http", "https", "all")}
        proxies |= {name.upper(): url for name in proxies} | {"no_proxy": ".corp", "NO_PROXY": ".corp"}
        code, shown, err = portouts_command.run(
            "demo", "--json", "--no-report", "--orders", "20", folder=tmp_path, **proxies
        )
    assert code == 0, err
    assert isinstance(shown, dict)
    assert shown["differences"] == 0
    assert received == []


def test_an_unusable_proxy_is_named_before_the_first_request(tmp_path: Path) -> None:
    world = World(5)
    application = create_app(world, api_key=KEY)
    with running(application) as base_url:
        given = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "HTTPS_PROXY": "gopher://user:CANARY@proxy.test"}
        code, _, err = portouts_command.run("sync", folder=tmp_path, **given)
    assert (code, application.state.requests) == (2, [])
    assert err.splitlines()[-1].startswith("portouts: The proxy in HTTPS_PROXY cannot be used: it must begin with")
    assert "CANARY" not in err
    assert list(tmp_path.iterdir()) == []


def test_settings_follow_the_database_into_another_folder_and_an_empty_environment(tmp_path: Path) -> None:
    world = World(30, seed=5)
    home, cron = tmp_path / "home", tmp_path / "cron"
    for folder in (home / ".dlt", cron):
        folder.mkdir(parents=True)
    lines = '[sources.telnyx]\ntime_zone = "America/Chicago"\nresponse_window_hours = 24\n'
    (home / "telnyx.toml").write_text(lines, encoding="utf-8")
    database, used = home / "portouts.duckdb", "select time_zone, response_window_hours from staging.model_inputs"
    with running(create_app(world, api_key=KEY)) as base_url:
        given = {"TELNYX_API_KEY": KEY, "TELNYX_BASE_URL": base_url, "PORTOUTS_DATABASE": str(database)}
        named = {**given, "PORTOUTS_CONFIG": str(home / "telnyx.toml")}
        assert portouts_command.run("sync", folder=home, **named)[0] == 0
        assert ask(database, used) == [("America/Chicago", 24.0)]
        code, _, err = portouts_command.run("sync", folder=cron, **given)
        assert (code, ask(database, used)) == (0, [("America/Chicago", 24.0)])
        assert f"time_zone = America/Chicago ({home / 'telnyx.toml'})" in err
        changed = {**given, "SOURCES__TELNYX__TIME_ZONE": "UTC"}
        code, _, err = portouts_command.run("sync", folder=cron, **changed)
        assert (code, ask(database, used)) == (2, [("America/Chicago", 24.0)])
        said = f"time_zone from America/Chicago ({home / 'telnyx.toml'}) to UTC (environment variable SOURCES__TELNYX__"
        assert said in err
        assert portouts_command.run("sync", "--accept-settings", folder=cron, **changed)[0] == 0
        assert ask(database, used) == [("UTC", 48.0)]
