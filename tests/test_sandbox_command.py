"""`portouts sandbox` serves until it is interrupted, by its own clock or by this machine's."""

from __future__ import annotations

import json
import re
import signal
import socket
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import portouts_command
import pytest
from portouts_command import Ended


def test_a_sandbox_names_its_real_port_and_ends_well_when_interrupted(tmp_path: Path) -> None:
    options = ("--port", "0", "--orders", "5", "--now", "2026-06-01T00:00:00Z")
    process = portouts_command.start("sandbox", *options, folder=tmp_path)
    said = portouts_command.read_until(process, "/sandbox/clock")
    [(base_url, key)] = re.findall(r"TELNYX_BASE_URL=(\S+) TELNYX_API_KEY=(\S+)", said)
    answer = httpx.get(f"{base_url}/portouts", headers={"Authorization": f"Bearer {key}"}, timeout=30)
    assert answer.json()["meta"]["total_results"] == 5
    assert answer.headers.get_list("date") == ["Mon, 01 Jun 2026 00:00:00 GMT"]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")


@pytest.mark.slow
def test_a_sandbox_is_synced_without_an_instant_and_again_when_its_clock_was_moved(
    tmp_path: Path, command: Callable[..., Ended]
) -> None:
    process = portouts_command.start("sandbox", "--port", "0", "--orders", "40", folder=tmp_path)
    said = portouts_command.read_until(process, "/sandbox/clock")
    assert f"  {sys.executable} -m portouts sync\n" in said
    [(base_url, key)] = re.findall(r"TELNYX_BASE_URL=(\S+) TELNYX_API_KEY=(\S+)", said)
    account = {"TELNYX_BASE_URL": base_url, "TELNYX_API_KEY": key}
    try:
        first = command("sync", "--json", **account)
        httpx.post(base_url.replace("/v2", "/sandbox/clock"), json={"days": 30}, timeout=30)
        second = command("sync", "--json", **account)
        refused = command("sync", "--as-of", "2999-01-01", **account)
    finally:
        process.kill()
        process.communicate(timeout=30)
    assert (first.code, second.code, refused.code) == (0, 0, 2), first.err + second.err
    outcomes = [json.loads(ended.out) for ended in (first, second)]
    days = [datetime.fromisoformat(outcome["as_of"]) - datetime.now(UTC) for outcome in outcomes]
    assert [round(ahead / timedelta(days=1)) for ahead in days] == [0, 30]
    assert outcomes[0]["notes"] == []
    assert "This machine's clock is 30 d 0 h behind the API's; the API's is used." in outcomes[1]["notes"]


def test_a_sandbox_on_a_port_that_is_taken_says_so(command: Callable[..., Ended]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = command("sandbox", "--port", str(port), "--orders", "1")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"portouts: Port {port} cannot be listened on: address already in use. Give --port another number, or 0 for "
        "any that is free.\n"
    )
