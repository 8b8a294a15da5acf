"""What a command does where a standard stream is closed, full, read no further, or takes ASCII only."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import portouts_command
import pytest
from portouts_sandbox import World, create_app, running

pytestmark = pytest.mark.slow  # a process a test

ORDERS = 12
LOST = "so the result is not shown."


class Place(NamedTuple):
    """A folder with a warehouse, and the API that it follows."""

    folder: Path
    environment: Mapping[str, str]
    as_of: str


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder, world = tmp_path_factory.mktemp("place"), World(ORDERS, seed=3)
    with running(create_app(world, api_key=portouts_command.KEY)) as base_url:
        environment = {"TELNYX_API_KEY": portouts_command.KEY, "TELNYX_BASE_URL": base_url}
        made = Place(folder, environment, world.now.isoformat())
        assert run(made, "sync", "--as-of", made.as_of).code == 0
        yield made


def run(place: Place, *arguments: str, streams: str = "", program: str = "sh", **environment: str) -> Ended:
    """Run a command with its streams redirected as a shell does it."""
    done = subprocess.run(
        [*program.split(), "-c", f'"$@" {streams}', "sh", sys.executable, "-m", "portouts", *arguments],
        cwd=place.folder,
        env={**os.environ, **place.environment, **environment},
        capture_output=True,
        check=False,
    )
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize("streams", ["<&- 2>&-", "2>/dev/full"])
@pytest.mark.parametrize("name", ["sync", "verify", "models", "status"])
def test_json_stands_alone_where_standard_error_takes_nothing(name: str, streams: str, place: Place) -> None:
    options = ["--as-of", place.as_of, "--full"] if name == "sync" else []
    ended = run(place, name, "--json", *options, streams=streams)
    assert (ended.code, ended.err) == (0, "")
    assert isinstance(json.loads(ended.out), dict)


@pytest.mark.parametrize("streams", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize(("arguments", "code"), [(["status", "--database", "none"], 1), (["sync", "--sinse", "x"], 2)])
def test_a_failure_is_one_object_where_standard_error_takes_nothing(
    arguments: list[str], code: int, streams: str, place: Place
) -> None:
    ended = run(place, *arguments, "--json", streams=streams)
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (code, code)


@pytest.mark.parametrize("streams", [">&-", ">/dev/full"])
@pytest.mark.parametrize(
    ("name", "code", "done"),
    [
        ("sync", 0, "The sync is done; see `portouts status`."),
        ("verify", 0, "Its certificate is published."),
        ("models", 0, "The models are up to date."),
        ("status", 1, ""),
        ("--help", 1, ""),
    ],
)
def test_a_result_that_cannot_be_printed_is_said_in_one_sentence(
    name: str, code: int, done: str, streams: str, place: Place
) -> None:
    options = ["--as-of", place.as_of] if name == "sync" else []
    ended = run(place, name, *options, streams=streams)
    why = "is closed" if streams == ">&-" else "cannot be written to (no space left on device)"
    assert ended.code == code
    assert ended.err.splitlines()[-1] == f"portouts: Standard output {why}, {LOST} {done}".rstrip()
    assert "Traceback" not in ended.err


def test_a_failure_is_said_where_standard_output_is_full_and_keeps_its_code(place: Place) -> None:
    ended = run(place, "status", "--database", "none", "--json", streams=">/dev/full")
    assert (ended.code, ended.err) == (1, "portouts: none does not exist. Run `portouts sync` first.\n")


@pytest.mark.parametrize("streams", ["| head -n 1", "2>&1 | true"])
@pytest.mark.parametrize("name", ["--help", "sync --help", "sync", "verify", "status"])
def test_a_reader_that_has_gone_is_no_failure(name: str, streams: str, place: Place) -> None:
    options = ["--as-of", place.as_of] if name == "sync" else []
    ended = run(place, *name.split(), *options, streams=streams, program="bash -o pipefail")
    assert (ended.code, ended.err.count("Traceback")) == (0, 0)
    assert "Broken" not in ended.err


ASCII = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}


def test_names_are_printed_as_far_as_ascii_goes(place: Place) -> None:
    ended = run(place, "demo", "--no-report", "--orders", "500", "--database", "ascii.duckdb", **ASCII)
    assert ended.code == 0, ended.err
    assert "T?l?com Exemple" in ended.out
    assert ended.out.isascii()
    assert ended.err.isascii()


@pytest.mark.parametrize("name", ["--help", "status", "verify --quick", "snyc"])
def test_every_command_speaks_ascii(name: str, place: Place) -> None:
    ended = run(place, *name.split(), **ASCII)
    assert ended.code == (2 if name == "snyc" else 0), ended.err
    assert (ended.out + ended.err).isascii()
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("name", ["sync", "status", "report"])
def test_a_path_that_the_locale_cannot_write_is_wrong_usage(name: str, place: Place) -> None:
    ended = run(place, name, "--database", "données/a.duckdb", **ASCII)
    assert ended.code == 2
    assert "cannot be written in the encoding of this locale (ascii). Set PYTHONUTF8=1" in ended.err
    assert "Traceback" not in ended.err
