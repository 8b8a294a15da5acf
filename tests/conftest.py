"""What every test can count on: nothing of this machine's settings is seen, and nothing leaves it."""

from __future__ import annotations

import os
import zoneinfo
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb
import pytest
from hypothesis import HealthCheck, settings
from portouts.commands.app import app
from portouts.commands.terminal.log.lines import reset_log
from portouts_command import Ended
from small_disk import system
from typer.testing import CliRunner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# No deadline: a slow machine is not a wrong result. Derandomised: the same commit gives the same verdict.
settings.register_profile("portouts", deadline=None, derandomize=True, database=None)
settings.load_profile("portouts")
# `make fuzz` asks for many more examples, and for others each time.
if EXAMPLES := os.environ.get("FUZZ_EXAMPLES"):
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    settings.register_profile(
        "fuzz", deadline=None, database=None, max_examples=int(EXAMPLES), suppress_health_check=checks, print_blob=True
    )
    settings.load_profile("fuzz")

# What is counted by hand follows the same rules as the product, whatever data this machine has.
zoneinfo.reset_tzpath(to=())

# Settings of ours, of dlt and of the SDK may be exported here; a proxy would take loopback requests away.
FOREIGN_PREFIXES = (
    "TELNYX_",
    "PORTOUTS_",
    "SOURCES__",
    "DESTINATION__",
    "DLT_",
    "PUBLISH__",
    "METRICS__",
    "ALERTS__",
)
FOREIGN_NAMES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE"}


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Start from an empty home and none of the user's own settings."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as environment:
        for name in list(os.environ):
            if name.startswith(FOREIGN_PREFIXES) or name.upper() in FOREIGN_NAMES:
                environment.delenv(name)
        environment.setenv("HOME", str(home))
        environment.setenv("DLT_DATA_DIR", str(home / ".dlt"))  # dlt ignores HOME when root runs the tests
        environment.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
        yield


@pytest.fixture(autouse=True)
def plain_log() -> None:
    """Open the log for each test as for people: a command before may have opened another."""
    reset_log()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run tests marked `anyio` on asyncio, the loop that the product uses."""
    return "asyncio"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    """Run a command in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    # The command itself changes these, which must not outlive the test.
    monkeypatch.setenv("DLT_DATA_DIR", os.environ["DLT_DATA_DIR"])
    monkeypatch.setenv("ARROW_DEFAULT_MEMORY_POOL", "system")

    def run(*arguments: str, **environment: str) -> Ended:
        ended = CliRunner().invoke(app, arguments, prog_name="portouts", env=environment)
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)

    return run


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a small file system, where that is permitted."""
    if not system("mount", "-t", "tmpfs", "-o", "size=48m,mode=755", "tmpfs", str(tmp_path)):
        pytest.skip("no file system can be mounted here")
    yield tmp_path
    assert system("umount", "-l", str(tmp_path))


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Make a folder that every user of this machine may enter, which those below `tmp_path` are not."""
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an empty database in memory."""
    with duckdb.connect() as opened:
        yield opened
