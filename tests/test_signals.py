"""Commands end when the system asks them to, also while they wait for an API that gives no good answer."""

from __future__ import annotations

import json
import signal
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import portouts_command
import pytest
from portouts_command import Ended
from portouts_sandbox import World, create_app, running

pytestmark = pytest.mark.slow  # a process a test

ANSWERS = {
    "503": b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n",
    "a long wait": b"HTTP/1.1 429 Too Many Requests\r\nretry-after: 100\r\ncontent-length: 0\r\n\r\n",
    "an answer that never ends": b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{",
    "nothing": b"",
}
REASONS = {
    "503": "HTTP 503",
    "a long wait": "HTTP 429: Telnyx asks to wait 100 seconds (Retry-After)",
    "an answer that never ends": "no answer yet from 127.0.0.1",
    "nothing": "no answer yet from 127.0.0.1",
}


@contextmanager
def answering(answer: bytes) -> Iterator[str]:
    """Answer every request so, from threads, on a free port of loopback."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while line := self.rfile.readline():
                if line == b"\r\n":
                    self.wfile.write(answer)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v2"
        server.shutdown()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_sync_that_waits_says_why_and_ends_when_asked_to(answer: str, number: signal.Signals, tmp_path: Path) -> None:
    with answering(ANSWERS[answer]) as base_url:
        process = portouts_command.start(
            "sync", "--json", folder=tmp_path, TELNYX_API_KEY=portouts_command.KEY, TELNYX_BASE_URL=base_url
        )
        assert f"portouts: waiting: {REASONS[answer]}" in portouts_command.read_until(process, "waiting:")
        process.send_signal(number)
        out, _ = process.communicate(timeout=30)
    said = json.loads(out)
    assert (process.returncode, said["exit_code"]) == (1, 1)
    assert said["error"].startswith(f"Stopped as asked, while waiting: {REASONS[answer]}")
    assert not (tmp_path / "data" / "portouts.duckdb").exists()


def test_a_verification_that_waits_ends_when_asked_to(tmp_path: Path) -> None:
    world = World(20, seed=1)
    credentials = {"TELNYX_API_KEY": portouts_command.KEY, "PORTOUTS_DATABASE": "p.duckdb"}
    with running(create_app(world, api_key=portouts_command.KEY)) as base_url:
        until = ("--as-of", world.now.isoformat())
        assert portouts_command.run("sync", *until, folder=tmp_path, TELNYX_BASE_URL=base_url, **credentials)[0] == 0
    published = (tmp_path / "p.duckdb").read_bytes()
    with answering(ANSWERS["503"]) as base_url:
        process = portouts_command.start("verify", folder=tmp_path, TELNYX_BASE_URL=base_url, **credentials)
        portouts_command.read_until(process, "waiting: HTTP 503")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "Stopped at once. No certificate was published" in err
    assert (tmp_path / "p.duckdb").read_bytes() == published


def start_deaf(*arguments: str, folder: Path) -> subprocess.Popen[str]:
    """Start a command where SIGTERM does nothing by itself, as it does to the first process of a container."""
    script = (
        "import os, signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "os.execv(sys.executable, [sys.executable, '-m', 'portouts', *sys.argv[1:]])"
    )
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_serving(process: subprocess.Popen[str], _folder: Path) -> None:
    portouts_command.read_until(process, "/sandbox/clock")


def is_at_work(process: subprocess.Popen[str], folder: Path) -> None:
    while process.poll() is None and not (folder / "data" / ".portouts").exists():
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=0.02)


@pytest.mark.parametrize(
    ("arguments", "has_begun", "code"),
    [
        (("sandbox", "--port", "0", "--orders", "5"), is_serving, 0),
        (("demo", "--orders", "20000"), is_at_work, 1),
    ],
    ids=["sandbox", "demo"],
)
def test_sigterm_ends_the_first_process_of_a_container(
    arguments: tuple[str, ...],
    has_begun: Callable[[subprocess.Popen[str], Path], None],
    code: int,
    tmp_path: Path,
) -> None:
    process = start_deaf(*arguments, folder=tmp_path)
    has_begun(process, tmp_path)
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert "Traceback" not in err


# What an interruption leaves


@pytest.mark.parametrize(
    ("name", "place", "said"),
    [
        ("sync", "commands.jobs.sync.run_sync", "Nothing was published; run the sync again to go on."),
        ("verify", "commands.jobs.verify.run_verify", "No certificate was published; what was repaired is kept."),
        (
            "models",
            "commands.jobs.models.rebuild_models",
            "What is published is as it was; run `portouts models` again.",
        ),
        ("status", "report.status.read_status", "Nothing was changed."),
        ("report", "report.page.build.build_report", "No page was written; an earlier one is as it was."),
        (
            "demo",
            "commands.jobs.demo.run_demo",
            "The demo is half done; run it again.",
        ),
    ],
)
@pytest.mark.parametrize(
    "interruption", [KeyboardInterrupt(), RuntimeError("Query interrupted")], ids=["in Python", "in DuckDB"]
)
def test_an_interrupted_command_says_what_it_leaves(
    name: str,
    place: str,
    said: str,
    interruption: BaseException,
    command: Callable[..., Ended],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_arguments: object, **_named: object) -> None:
        raise interruption

    monkeypatch.setattr(f"portouts.{place}", interrupt)
    ended = command(name, "--json", TELNYX_API_KEY="KEY_FAKE")
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (1, 1)
    assert f"portouts: Stopped at once. {said}" in ended.err
