"""What `portouts models --engine spark` refuses before Spark is started, and what it says to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from portouts_command import Ended

PLACES = ("--input", "lake", "--output", "marts")
ON_SPARK = ("--engine", "spark", "--master", "local[1]", *PLACES)


@pytest.fixture
def spark_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put packages and a Java in the way that can only be found."""
    (tmp_path / "packages" / "pyspark").mkdir(parents=True)
    (tmp_path / "packages" / "pyspark" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    install_java(tmp_path, "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))


def install_java(folder: Path, version: str) -> None:
    java = folder / "java" / "bin" / "java"
    java.parent.mkdir(parents=True, exist_ok=True)
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    java.chmod(0o755)


def write_manifest(folder: Path, *tables: str) -> None:
    folder.mkdir()
    table = {"rows": 0, "checksum": "0", "key": [], "comment": None, "columns": [], "files": []}
    content = {"format": 1, "as_of": "2026-07-01T00:00:00+00:00", "tables": dict.fromkeys(tables, table)}
    (folder / "manifest.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--master", "local[1]"], "leave out --master"),
        (list(PLACES), "leave out --input and --output"),
        (["--engine", "spark"], "--engine spark needs --master, --input and --output"),
        ([*ON_SPARK, "--full"], "leave out --full"),
        ([*ON_SPARK, "--database", "other.duckdb", "--state-dir", "state"], "leave out --database and --state-dir"),
        (["--engine", "dask"], "'dask' is not one of"),
    ],
    ids=["a master alone", "places alone", "no places", "a full build", "a database", "another engine"],
)
def test_options_that_do_not_belong_together_are_refused(
    options: list[str], said: str, command: Callable[..., Ended]
) -> None:
    ended = command("models", *options)
    assert (ended.code, said in " ".join(ended.err.replace("│", " ").split())) == (2, True), ended.err


@pytest.mark.usefixtures("spark_is_installed")
@pytest.mark.parametrize(
    ("version", "said"),
    [("11.0.2", "is Java 11."), ("1.8.0_392", "is Java 1."), ("", "is Java of an unknown version")],
    ids=["11", "8", "none"],
)
def test_a_java_that_is_too_old_is_named(
    version: str, said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    install_java(tmp_path, version)
    ended = command("models", *ON_SPARK)
    assert (ended.code, said in ended.err, "Install Java 17 or later" in ended.err) == (2, True, True)


@pytest.mark.usefixtures("spark_is_installed")
def test_without_java_the_command_says_what_to_install(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("models", *ON_SPARK, JAVA_HOME=str(tmp_path / "nowhere"))
    assert (ended.code, "there is no Java in JAVA_HOME=" in ended.err) == (2, True)
    assert "apt-get install default-jre-headless" in ended.err


def test_without_pyspark_the_command_says_what_to_install(
    command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portouts.extras.find_spec", lambda _name: None)
    ended = command("models", *ON_SPARK)
    assert (ended.code, "pyspark not installed: pip install" in ended.err, "[spark]" in ended.err) == (2, True, True)


@pytest.mark.usefixtures("spark_is_installed")
@pytest.mark.parametrize(
    ("source", "output", "said"),
    [
        (None, None, "has no manifest.json of exported tables"),
        (["marts.rpt_sync"], None, "has marts only"),
        (["raw.portouts"], ["raw.portouts", "marts.rpt_sync"], "has exported raw, which would be lost"),
    ],
    ids=["no export", "an export of marts", "an export at the output"],
)
def test_places_with_other_files_are_refused(
    source: list[str] | None, output: list[str] | None, said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    for name, tables in (("lake", source), ("marts", output)):
        if tables is not None:
            write_manifest(tmp_path / name, *tables)
    ended = command("models", *ON_SPARK)
    assert (ended.code, said in ended.err) == (2, True), ended.err


@pytest.mark.usefixtures("spark_is_installed")
def test_marts_do_not_replace_the_raw_that_they_are_computed_from(
    command: Callable[..., Ended], tmp_path: Path
) -> None:
    write_manifest(tmp_path / "lake", "raw.portouts")
    ended = command("models", "--engine", "spark", "--master", "local[1]", "--input", "lake", "--output", "./lake/")
    assert (ended.code, "would be lost" in ended.err) == (2, True), ended.err


@pytest.mark.usefixtures("spark_is_installed")
@pytest.mark.parametrize(
    ("master", "code", "said"),
    [
        ("spark://127.0.0.1:9", 1, "No Spark master answers at spark://127.0.0.1:9"),  # nothing listens there
        ("spark://127.0.0.1", 2, "write spark://HOST:PORT"),
    ],
    ids=["no master", "no port"],
)
def test_a_master_that_does_not_answer_is_named(
    master: str, code: int, said: str, command: Callable[..., Ended], tmp_path: Path
) -> None:
    write_manifest(tmp_path / "lake", "raw.portouts")
    ended = command("models", "--engine", "spark", "--master", master, *PLACES)
    assert (ended.code, said in ended.err) == (code, True), ended.err
