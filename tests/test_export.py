"""`portouts export`: a mart read back from a CSV, Excel or Parquet file is the mart, whatever carriers are called."""

from __future__ import annotations

import gc
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import portouts
import pytest
from openpyxl import load_workbook
from openpyxl.utils.escape import unescape
from portouts.report.frames import connect
from portouts.warehouse.export.cells import LONGEST_TEXT, fitted, neutralised, neutralised_in_sql
from portouts.warehouse.export.export import export_marts
from portouts.warehouse.export.formats import Format
from portouts.warehouse.export.marts import Version, grains
from portouts.warehouse.export.workbook import Workbook
from portouts_command import Ended
from portouts_sandbox import World
from simulated_account import Account
from small_disk import all_but

ZONE = "America/Chicago"
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
# 01:30 occurs twice in Chicago on 1 November 2026.
INSTANTS = (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, 30, 0, 123000, tzinfo=UTC))
NAMES = (
    *("=cmd|'/C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n=1", "{=1}", "\uff1d1", "x;=1", "'=1", "a\tb"),
    *(
        '"quoted", and; more',
        "two\r\nlines",
        "_x0041_",
        "a\x01b\x0b",
        "\ufffe\uffff",
        "http://carrier.test",
        "😀 Mobile",
    ),
    *("12E4", "0042", "true", "null", "1/2", "#N/A", "<b>A$AP & $ons</b>", "\u202eTelnoC", " lead ", "long " * 9000),
)
Row = tuple[Any, ...]
Command = Callable[..., Ended]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    account = Account(World(orders=0, now=NOW), folder / "portouts.duckdb", settings={"time_zone": ZONE})
    for place, name in enumerate(NAMES):
        order = account.world.add_order(
            inserted_at=INSTANTS[place % 2] + timedelta(days=place // 2),
            carrier_name=name,
            spid=("0042", "12E4", None)[place % 3],
            pon=("00123", "=1+1", name[:50])[place % 3],
            phone_numbers=[f"+1312555{place:04}"],
        )
        if place % 2:
            account.world.change(order, NOW - timedelta(hours=5), status="ported")
    account.sync()
    return account.database


@pytest.fixture(scope="module")
def marts(published: Path) -> dict[str, tuple[list[str], list[Row]]]:
    """Return the header and the rows of each mart as files with local times show them, by the rules of tzdata."""
    with connect(published) as connection:
        found = {}
        for name in grains(connection):
            relation = connection.table(f"marts.{name}")
            instants = {
                column for column, kind in zip(relation.columns, relation.types, strict=True) if "ZONE" in str(kind)
            }
            header = [f"{column} ({ZONE})" if column in instants else column for column in relation.columns]
            found[name] = header, [tuple(map(in_zone, row)) for row in relation.fetchall()]
    return found


def in_zone(value: object) -> object:
    from portouts.records.time_zones import time_zone

    return value.astimezone(time_zone(ZONE)).replace(tzinfo=None) if isinstance(value, datetime) else value


def export(published: Path, kind: Format, output: Path, *names: str) -> list[str]:
    with connect(published) as connection:
        return [
            one.file for one in export_marts(connection, kind, names or [*grains(connection)], output, "book").files
        ]


# What is written


def as_excel_shows(value: object) -> object:
    """Excel keeps 15 digits of a number, milliseconds of an instant, and so many letters of a text."""
    if isinstance(value, datetime):
        rounded = value + timedelta(microseconds=500)
        return rounded.replace(microsecond=rounded.microsecond // 1000 * 1000)
    if isinstance(value, str):
        return fitted(value)
    return float(f"{value:.14g}") if isinstance(value, float) else value


def sheet_rows(file: Path, sheet: str) -> Iterator[Row]:
    with closing(load_workbook(file, read_only=True)) as book:
        for row in book[sheet].iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "inlineStr", "n", "b", "d"}  # no formula, no error
            yield tuple(unescape(cell.value) if isinstance(cell.value, str) else cell.value for cell in row)


def comparable(value: object) -> object:
    if isinstance(value, datetime) and not (value.hour or value.minute or value.second or value.microsecond):
        return value.date()
    return as_excel_shows(value)


def test_every_mart_reads_back_equal_from_a_workbook(
    published: Path, marts: dict[str, tuple[list[str], list[Row]]], tmp_path: Path
) -> None:
    [file] = export(published, Format.XLSX, tmp_path)
    assert Path(file).name == "book.xlsx"
    sizes = {}
    for name, (header, rows) in marts.items():
        first, *others = sheet_rows(Path(file), name)
        assert list(first) == header
        read = [tuple(map(comparable, row)) for row in others]
        assert read == [tuple(map(comparable, row)) for row in rows], name
        sizes[name] = len(rows)
    assert len([name for name, size in sizes.items() if size]) > 15
    about = [tuple(cell for cell in row if cell is not None) for row in sheet_rows(Path(file), "about")]
    assert about[:2] == [("as_of (UTC)", NOW.replace(tzinfo=None)), ("time zone of days and local times", ZONE)]
    assert about[4][0] == "certificate"
    assert about[4][1].startswith("PROVEN, verified at 20")
    assert {row[0]: row[1] for row in about[-len(marts) :]} == sizes


def as_text(connection: duckdb.DuckDBPyConnection, marts: Sequence[Row]) -> list[Row]:
    """Return values as DuckDB writes them."""
    return [
        tuple(
            None if value is None else connection.execute("select ?::varchar", [value]).fetchall()[0][0]
            for value in row
        )
        for row in marts
    ]


def restored(value: str | None) -> str | None:
    """Take the apostrophes away again."""
    return value and re.sub("(^|[;\t\r\n])'(?='*[=+@\uff1d\uff0b\uff20\uff0d\t\r\n-])", r"\1", value)


def test_every_mart_reads_back_equal_from_csv_as_text(
    published: Path,
    marts: dict[str, tuple[list[str], list[Row]]],
    tmp_path: Path,
    connection: duckdb.DuckDBPyConnection,
) -> None:
    export(published, Format.CSV, tmp_path / "csv")
    assert (tmp_path / "csv").stat().st_mode & 0o777 == 0o700
    for name, (header, rows) in marts.items():
        file = tmp_path / "csv" / f"{name}.csv"
        read = connection.read_csv(
            str(file), all_varchar=True, header=True, allow_quoted_nulls=False, max_line_size=10**6
        )
        by_pandas = pd.read_csv(file, dtype=str, keep_default_na=False)
        assert read.columns == header == list(by_pandas.columns)
        wanted = as_text(connection, rows)
        assert [tuple(map(restored, row)) for row in read.fetchall()] == wanted, name
        flat = [tuple(restored(value) for value in row) for row in by_pandas.itertuples(index=False)]
        assert flat == [tuple(value or "" for value in row) for row in wanted], name


def test_parquet_has_the_marts_as_they_are_and_says_what_they_describe(published: Path, tmp_path: Path) -> None:
    files = export(published, Format.PARQUET, tmp_path)
    with connect(published) as connection:
        for name in grains(connection):
            file = f"'{tmp_path / name}.parquet'"
            for one, other in ((f"marts.{name}", file), (file, f"marts.{name}")):
                assert connection.execute(f"from {one} except all from {other}").fetchall() == [], name
        facts = connection.execute(f"select key, value from parquet_kv_metadata('{files[0]}')").fetchall()
    known = {key.decode(): value.decode() for key, value in facts}
    assert (known["time_zone"], known["verdict"]) == (ZONE, "PROVEN")
    assert datetime.fromisoformat(known["as_of"]) == NOW


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("\t=1", "'\t'=1"),
        *[(name, f"'{name}") for name in ("=1", "+1+1", "-2", "@x", "\r", "\nx", "\uff0b1", "+1 312 555 0100")],
        ("+13125550100", "+13125550100"),
        ("x;=1\n@y", "x;'=1\n'@y"),
        ("A-B = C", "A-B = C"),
        ("'=1", "''=1"),
        ("", ""),
    ],
    ids=repr,
)
def test_a_text_of_csv_is_no_formula(text: str, written: str, connection: duckdb.DuckDBPyConnection) -> None:
    assert neutralised(text) == written
    [(by_sql,)] = connection.execute(f"select {neutralised_in_sql('t')} from (select $1 as t)", [text]).fetchall()
    assert by_sql == written


@pytest.mark.parametrize("engine", ["openpyxl", "xlsxwriter"])
def test_a_frame_for_excel_is_taken_by_pandas_and_has_no_formula(
    published: Path, marts: dict[str, tuple[list[str], list[Row]]], tmp_path: Path, engine: Any
) -> None:
    file = tmp_path / "frames.xlsx"
    with connect(published) as connection, pd.ExcelWriter(file, engine=engine) as writer:
        for name in marts:
            portouts.mart(name, connection=connection, excel=True).to_excel(writer, sheet_name=name, index=False)
    for name, (header, rows) in marts.items():
        first, *others = sheet_rows(file, name)
        assert (list(first), len(others)) == (header, len(rows))
    spellings = {row[:2] for row in sheet_rows(file, "dim_carrier_spellings")}
    assert {("0042", "'=cmd|'/C calc'!A0"), ("12E4", "'{=1}"), (None, "'http://carrier.test")} <= spellings, spellings


# Limits of Excel

VERSION = Version(NOW, "UTC", "2026f", is_proven=True, verdict=None, verified_at=None)


def workbook_of(query: str, mart: str, file: Path, rows_per_sheet: int = 10) -> Workbook:
    with duckdb.connect() as connection:
        connection.execute("create schema marts; create schema staging")
        connection.execute(
            "create table staging.utc_offsets as select 'UTC' as time_zone, 0 as utc_offset_seconds, "
            "timestamptz '0001-01-01' as starts_at, timestamptz '9999-12-31' as ends_at"
        )
        connection.execute(f"create table marts.{mart} as {query}")
        workbook = Workbook(file, str(file.parent), VERSION, rows_per_sheet)
        workbook.add_mart(connection, mart)
        workbook.close({})
    return workbook


def test_a_mart_of_more_rows_than_a_sheet_takes_goes_on_in_the_next(tmp_path: Path) -> None:
    mart = "agg_of_a_name_that_is_longer_than_excel_takes"
    file = tmp_path / "split.xlsx"
    workbook_of("select range as n from range(5)", mart, file, rows_per_sheet=3)
    with closing(load_workbook(file, read_only=True)) as book:
        names = book.sheetnames
    assert names == ["about", mart[:31], f"{mart[:27]} (2)", f"{mart[:27]} (3)"]
    assert [[*sheet_rows(file, name)] for name in names[1:]] == [
        [("n",), (0,), (1,)],
        [("n",), (2,), (3,)],
        [("n",), (4,)],
    ]


def test_what_a_cell_cannot_hold_is_cut_or_becomes_a_text(tmp_path: Path) -> None:
    file = tmp_path / "odd.xlsx"
    query = (
        "select 9007199254740993 as n, 'nan'::double as x, date '1899-12-31' as day, "
        "repeat('\U0001f600', 20000) as long, '' as empty"
    )
    workbook = workbook_of(query, "odd", file)
    _, [n, x, day, long, empty] = sheet_rows(file, "odd")
    assert (n, x, day, empty) == ("9007199254740993", "nan", "1899-12-31", "")
    assert (long[-1], len(long.encode("utf-16-le")) // 2, workbook.cut_texts) == ("…", LONGEST_TEXT, 1)


# The command


def test_files_are_for_their_owner_and_replaced_in_one_step(published: Path, command: Command, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text("before")
    file.chmod(0o644)
    with file.open() as before:
        arguments = ("--database", str(published), "--mart", "fct_portouts", "--output", str(file), "--json")
        ended = command("export", *arguments)
        assert before.read() == "before"
    shown = json.loads(ended.out)
    assert (ended.code, shown["files"]) == (0, [{"file": str(file), "marts": ["fct_portouts"], "rows": len(NAMES)}])
    assert (shown["format"], shown["version"]["time_zone"], shown["version"]["is_proven"]) == ("csv", ZONE, True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["orders.csv"]


def test_a_failed_export_replaces_nothing(published: Path, command: Command, tmp_path: Path) -> None:
    (tmp_path / "rpt_sync.csv").write_text("before")
    (tmp_path / "fct_portouts.csv").mkdir()
    marts = ("--mart", "rpt_sync", "--mart", "fct_portouts")
    ended = command("export", "--database", str(published), "--format", "csv", *marts, "--output", str(tmp_path))
    assert (ended.code, "fct_portouts.csv is a folder" in ended.err) == (2, True), ended.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fct_portouts.csv", "rpt_sync.csv"]
    assert (tmp_path / "rpt_sync.csv").read_text() == "before"


@pytest.mark.parametrize("kind", Format)
def test_on_a_full_disk_an_earlier_file_stays(published: Path, disk: Path, command: Command, kind: Format) -> None:
    file = disk / f"orders.{kind}"
    file.write_text("before")
    with all_but(0, disk), warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # XlsxWriter leaves files open if it fails
        ended = command("export", "--database", str(published), "--mart", "fct_portouts", "--output", str(file))
        gc.collect()
    assert (ended.code, ended.err.count("No space left on device (0 MB are free). Files of an")) == (1, 1), ended.err
    assert [(path.name, path.read_text()) for path in disk.iterdir()] == [(file.name, "before")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--mart", "fct_orders", "--output", "out", "--format", "csv"], r"no such mart\. There are agg_.*, rpt_sync"),
        (["--output", "out"], r"does not end in \.csv, \.xlsx, \.parquet\. Name the --format"),
        (["--output", "all.csv"], r"a csv file holds one mart, and there are \d+"),
        (["--output", "is-a-file", "--format", "csv"], r"is-a-file is a file\. Name a folder"),
        (["--output", "s3://bucket/x", "--format", "parquet"], "on this machine"),
        (["--output", "no/folder/x.xlsx"], "there is no folder"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_says_what_to_name(
    published: Path, command: Command, tmp_path: Path, arguments: list[str], said: str
) -> None:
    (tmp_path / "is-a-file").touch()
    ended = command("export", "--database", str(published), *arguments)
    assert ended.code == 2
    assert re.search(said, " ".join(ended.err.split()))
    assert [path.name for path in tmp_path.iterdir()] == ["is-a-file"]


def test_without_xlsxwriter_a_workbook_is_refused(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)  # as if it were not installed
    ended = command("export", "--output", "all.xlsx")
    assert (ended.code, "xlsxwriter not installed" in ended.err) == (2, True)


def test_texts_that_were_cut_are_reported(published: Path, command: Command) -> None:
    ended = command("export", "--database", str(published), "--output", "all.xlsx")
    assert ended.code == 0
    assert "texts are longer than a cell of Excel" in ended.err
    assert f"instants are in {ZONE}" in ended.out
