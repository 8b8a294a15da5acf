"""Object storage and folders as targets: the DuckDB file by a pointer, and Parquet by month by a manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import fsspec
import pyarrow.parquet as pq
import pytest
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from portouts.publish.target import Target, TargetOutcome
from portouts.publish.targets import Request, publish_to_targets
from portouts_command import Ended
from published_on_postgresql import tables_of, two_versions

SCHEMAS = ("raw", "marts")
BUCKET = "warehouse"
SECRET = "s3cret-canary"

ODD_NAME = "the lake, 100% [1] #2"  # an address quotes it, and a pattern means something else by it

pytestmark = pytest.mark.slow  # a server


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return two_versions(tmp_path_factory.mktemp("account"), orders=40)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """Start a server that speaks S3's protocol."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key-canary")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    fsspec.filesystem("s3", skip_instance_cache=True).mkdirs(BUCKET, exist_ok=True)
    return f"s3://{BUCKET}"


def publish(url: str, database: Path, keep: int = 1, schemas: tuple[str, ...] = SCHEMAS) -> TargetOutcome:
    request = Request(schemas, seconds=60, keep=keep)
    [outcome] = publish_to_targets(database, database.parent, [Target(url)], request)
    assert not outcome.error
    return outcome


def read_json(url: str) -> Any:
    files, path = fsspec.url_to_fs(url, skip_instance_cache=True)
    return json.loads(files.cat_file(path))


def fetch(url: str, folder: Path) -> Path:
    """Copy everything below an address into a folder."""
    files, path = fsspec.url_to_fs(url, skip_instance_cache=True)
    for name in files.find(path):
        place = folder / name[len(path) :].lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        files.get_file(name, str(place))
    return folder


def differing_tables(folder: Path, database: Path, *schemas: str) -> list[str]:
    """Name the tables whose rows in the files of the manifest are not those of the published file."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert sorted(manifest["tables"]) == tables_of(database, *schemas)
    with duckdb.connect(str(database), read_only=True) as connection:
        return [name for name in manifest["tables"] if _differ(connection, folder, name, manifest["tables"][name])]


def _differ(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, table: Any) -> bool:
    paths = [str(folder / file["path"]) for file in table["files"]]
    there = f"select * from read_parquet({paths})"
    here = f"select * from {name}"
    [(rows,)] = connection.execute(f"select count(*) from ({there})").fetchall()
    names = [column["name"] for column in table["columns"]]
    assert (table["rows"], names) == (rows, connection.sql(there).columns)
    both = f"({here} except all {there}) union all ({there} except all {here})"
    return bool(connection.execute(f"select 1 from ({both}) limit 1").fetchall())


def test_the_files_of_the_manifest_are_the_tables(bucket: str, versions: tuple[Path, Path], tmp_path: Path) -> None:
    url = f"{bucket}/all/of it"
    publish(url, versions[1])
    folder = fetch(url, tmp_path)
    assert differing_tables(folder, versions[1], *SCHEMAS) == []
    by_glob = f"select count(*), count(distinct portout_id) from '{folder}/marts/fct_portouts/*.parquet'"
    with duckdb.connect(str(versions[1]), read_only=True) as connection:
        [(orders,)] = connection.execute("select count(*) from marts.fct_portouts").fetchall()
        assert connection.execute(by_glob).fetchall() == [(orders, orders)]
    assert pq.read_table(folder / "marts" / "fct_portouts").num_rows == orders


def test_only_months_that_changed_are_written(bucket: str, versions: tuple[Path, Path], tmp_path: Path) -> None:
    url, first, second = f"{bucket}/months", *versions
    everything = publish(url, first)
    again = publish(url, first)
    assert (again.tables, again.rows_sent, again.bytes_sent) == (0, 0, 0)
    changed = tmp_path / "changed.duckdb"
    shutil.copy(first, changed)
    with duckdb.connect(str(changed)) as connection:
        [(order, month)] = connection.execute(
            "update raw.portouts set city = 'Springfield' where id = (select min(id) from raw.portouts) "
            "returning id, strftime(inserted_at, '%Y-%m')"
        ).fetchall()
        [(rows,)] = connection.execute(
            "select count(*) from raw.portouts where strftime(inserted_at, '%Y-%m') = ?", [month]
        ).fetchall()
    assert order
    of_one_order = publish(url, changed)
    assert (of_one_order.tables, of_one_order.rows_sent) == (1, rows)
    later = publish(url, second)
    assert 0 < later.rows_sent < everything.rows_sent
    folder = fetch(url, tmp_path / "fetched")
    assert differing_tables(folder, second, *SCHEMAS) == []
    named = {file["path"] for table in read_json(f"{url}/manifest.json")["tables"].values() for file in table["files"]}
    assert {str(path.relative_to(folder)) for path in folder.rglob("*.parquet")} == named


def test_the_pointer_names_the_newest_version_and_old_ones_go(bucket: str, versions: tuple[Path, Path]) -> None:
    url = f"{bucket}/versions"
    files = fsspec.filesystem("s3", skip_instance_cache=True, use_listings_cache=False)
    for keep, database, kept in ((1, versions[0], 1), (1, versions[1], 2), (0, versions[1], 1)):
        publish(url, database, keep)
        pointer = read_json(f"{url}/latest.json")
        content = files.cat_file(f"{BUCKET}/versions/{pointer['path']}")
        assert content == database.read_bytes()
        assert hashlib.sha256(content).hexdigest() == pointer["sha256"]
        assert len(files.ls(f"{BUCKET}/versions/versions", refresh=True)) == kept


def test_without_raw_neither_raw_nor_the_whole_file_is_sent(tmp_path: Path, versions: tuple[Path, Path]) -> None:
    url = (tmp_path / "lake").as_uri()
    publish(url, versions[0])
    publish(url, versions[0], schemas=("marts",))
    lake = tmp_path / "lake"
    assert {path.relative_to(lake).parts[0] for path in lake.rglob("*") if path.is_file()} == {"manifest.json", "marts"}
    assert differing_tables(tmp_path / "lake", versions[0], "marts") == []


def test_what_a_killed_publication_left_is_made_good(tmp_path: Path, versions: tuple[Path, Path]) -> None:
    lake = tmp_path / ODD_NAME
    url = lake.as_uri()
    publish(url, versions[0])
    before = (lake / "manifest.json").read_bytes()
    publish(url, versions[1])
    leftover = lake / "marts" / "fct_portouts" / "2020-01-0123456789abcdef.parquet"
    leftover.write_bytes(b"half")
    (lake / "marts" / "mine.txt").write_text("not ours")
    (lake / "manifest.json").write_bytes(before)  # as if it had been killed before the manifest was replaced
    publish(url, versions[1])
    assert differing_tables(lake, versions[1], *SCHEMAS) == []
    assert (leftover.exists(), (lake / "marts" / "mine.txt").exists()) == (False, True)


@pytest.mark.usefixtures("bucket")
def test_a_failure_is_explained_without_the_key(versions: tuple[Path, Path], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    failures = {
        "s3://no-such-bucket/prefix": "bucket",
        f"{(tmp_path / 'file').as_uri()}/below": "file",
    }
    targets = [Target(url) for url in failures]
    outcomes = publish_to_targets(versions[0], versions[0].parent, targets, Request(SCHEMAS, seconds=60))
    said = zip(failures.values(), outcomes, strict=True)
    assert [(word, one.error) for word, one in said if word not in one.error.lower()] == []
    assert SECRET not in str(outcomes)


def test_an_export_by_month_writes_the_same(
    command: Callable[..., Ended], versions: tuple[Path, Path], tmp_path: Path
) -> None:
    ended = command("export", "--by-month", "--output", ODD_NAME, "--database", str(versions[1]), "--json")
    assert ended.code == 0, ended.err
    assert differing_tables(tmp_path / ODD_NAME, versions[1], *SCHEMAS) == []
    assert json.loads(ended.out)["rows"] > 0


def test_a_kind_of_target_that_does_not_exist_is_refused(command: Callable[..., Ended]) -> None:
    ended = command("publish", PUBLISH__TARGETS="abacus://there")
    assert (ended.code, "abacus://" in ended.err) == (2, True)
