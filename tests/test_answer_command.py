"""`portouts authorize` and `portouts reject` on the command line: who is asked, what is printed, how they end."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

import crash_process
import pytest
from crash_process import Crash
from filelock import FileLock
from portouts_command import KEY, Ended
from portouts_sandbox import World, create_app, running
from simulated_account import ask

pytestmark = pytest.mark.slow  # whole commands

Command = Callable[..., Ended]


class Served(NamedTuple):
    """An account served on loopback; its history is not loaded."""

    world: World
    requests: list[str]
    environment: dict[str, Any]

    def patches(self) -> list[str]:
        return [request for request in self.requests if request.startswith("PATCH")]


@pytest.fixture
def served() -> Iterator[Served]:
    world = World(orders=0)
    app = create_app(world, api_key=KEY)
    with running(app) as url:
        yield Served(world, app.state.requests, {"TELNYX_BASE_URL": url, "TELNYX_API_KEY": KEY})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["PO_ffffff"], "is no terminal"),
        (["--from", "-"], "Standard input names the orders"),
        (["--yes"], "Name an ORDER"),
        (["--from", "nowhere.txt", "--yes"], "nowhere.txt cannot be read"),
        ([" ", "--yes"], "neither an id nor a support key"),
    ],
)
def test_wrong_usage_ends_with_2_and_sends_nothing(
    arguments: list[str], message: str, command: Command, served: Served, tmp_path: Path
) -> None:
    ended = command("authorize", *arguments, **served.environment)
    assert ended.code == 2
    assert message in ended.out + ended.err
    assert served.patches() == []
    assert not (tmp_path / "data").exists()


def test_a_dry_run_reads_shows_and_writes_nothing(command: Command, served: Served, tmp_path: Path) -> None:
    order_id = served.world.add_order(carrier_name="Northwind", phone_numbers=["+13125550101"])
    arguments = ("reject", order_id, "--code", "1002", "--dry-run")
    ended = command(*arguments, **served.environment)
    assert ended.code == 0
    for part in ("Northwind", "+13125550101", "TO REJECT with code 1002, “Invalid PIN”", "nothing was sent"):
        assert part in ended.out
    result = json.loads(command(*arguments, "--json", **served.environment).out)
    assert (result["dry_run"], result["published"], result["orders"][0]["outcome"]) == (True, False, "not sent")
    assert command("reject", order_id, "--code", "9", "--dry-run", **served.environment).code == 2
    assert served.patches() == []
    assert [*tmp_path.iterdir()] == []


def on_a_terminal(typed: bytes, *arguments: str, folder: Path, **environment: str) -> Ended:
    """Run the command with a terminal as standard input, on which somebody types."""
    ours, theirs = pty.openpty()
    try:
        os.write(ours, typed)
        done = subprocess.run(
            [sys.executable, "-m", "portouts", *arguments],
            cwd=folder,
            env={**os.environ, **environment},
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("typed", [b"y\n", b"n\n", b"\n", b"\x04"], ids=["yes", "no", "nothing", "end of file"])
def test_on_a_terminal_it_shows_the_order_and_asks(typed: bytes, served: Served, tmp_path: Path) -> None:
    at = served.world.now - timedelta(hours=40)
    order_id = served.world.add_order(inserted_at=at, carrier_name="Northwind", phone_numbers=["+13125550101"])
    ended = on_a_terminal(typed, "authorize", order_id, folder=tmp_path, **served.environment)
    assert "TO AUTHORIZE: 1 number may leave for Northwind" in ended.err
    assert ended.err.index("deadline") < ended.err.index("Authorize this order?")
    is_wanted = typed == b"y\n"
    assert (ended.code, len(served.patches())) == (int(not is_wanted), int(is_wanted))
    assert is_wanted or "Nothing was sent." in ended.err
    assert is_wanted or not (tmp_path / "data").exists()


def test_orders_of_a_file_are_answered_each_by_itself(command: Command, served: Served, tmp_path: Path) -> None:
    orders = [served.world.add_order() for _ in range(3)]
    key = served.world.order(orders[0])["support_key"]
    lines = ["\ufeff# to let go", "", f"  {orders[0]}  # by id", key, orders[1], "PO_000000", orders[1], orders[2]]
    (tmp_path / "orders.txt").write_text("\r\n".join(lines), encoding="utf-8")
    ended = command("authorize", "--from", "orders.txt", "--yes", **served.environment)
    assert ended.code == 1
    assert ended.out.splitlines()[-1] == "4 orders: 3 answered, 1 not sent."
    assert sorted(served.patches()) == sorted(f"PATCH /portouts/{id_}/authorized" for id_ in orders)


def test_json_is_one_object_and_says_why_it_failed(command: Command, served: Served) -> None:
    order_id = served.world.add_order()
    command("sync", **served.environment)
    done = command("authorize", order_id, "--yes", "--json", **served.environment)
    result: dict[str, Any] = json.loads(done.out)
    assert (done.code, result["answered"], result["published"], "error" in result) == (0, 1, True, False)
    [order] = result["orders"]
    assert (order["portout_id"], order["outcome"], order["status_after"]) == (order_id, "answered", "authorized")
    again = command("authorize", order_id, "--yes", "--json", **served.environment)
    result = json.loads(again.out)
    assert (again.code, result["exit_code"], result["error"]) == (1, 1, "It is authorized, not pending.")
    user = Path("~").expanduser().owner()
    assert ask(Path("data/portouts.duckdb"), "select user_name from marts.rpt_answers") == [(user,)]


def test_while_another_command_works_nothing_is_sent(command: Command, served: Served, tmp_path: Path) -> None:
    order_id = served.world.add_order()
    folder = tmp_path / "data" / ".portouts" / "portouts.duckdb"
    folder.mkdir(parents=True)
    with FileLock(folder / "lock"):
        ended = command("authorize", order_id, "--yes", "--wait", "0", "--json", **served.environment)
    assert (ended.code, json.loads(ended.out)["exit_code"]) == (75, 75)
    assert served.patches() == []


def start_to_crash(order_id: str, crash: Crash, folder: Path, served: Served) -> BaseProcess:
    arguments = ("authorize", order_id, "--yes", "--database", str(folder / "data" / "portouts.duckdb"))
    return crash_process.start(*arguments, output=folder / "output", crash=crash, **served.environment)


@pytest.mark.parametrize("is_after", [False, True], ids=["before the request", "after the request"])
def test_a_process_that_is_killed_leaves_a_row_that_the_next_sync_completes(
    is_after: bool, command: Command, served: Served, tmp_path: Path
) -> None:
    order_id = served.world.add_order()
    command("sync", **served.environment)
    crash = Crash("portouts.telnyx.answers:AnswerClient.send", call=1, is_after=is_after)
    process = start_to_crash(order_id, crash, tmp_path, served)
    process.join()
    assert process.exitcode == -signal.SIGKILL
    working = tmp_path / "data" / ".portouts" / "portouts.duckdb" / "working.duckdb"
    assert ask(working, "select outcome, finished_at from raw.answers") == [("unknown", None)]
    served.world.advance(timedelta(minutes=15))
    assert command("sync", **served.environment).code == 0
    expected = ("answered", "authorized") if is_after else ("not answered", "pending")
    published = tmp_path / "data" / "portouts.duckdb"
    assert ask(published, "select outcome, status_after from marts.rpt_answers") == [expected]


def test_an_answer_completes_the_row_that_a_killed_one_left(command: Command, served: Served, tmp_path: Path) -> None:
    killed, other = (served.world.add_order() for _ in range(2))
    command("sync", **served.environment)
    crash = Crash("portouts.telnyx.answers:AnswerClient.send", call=1, is_after=True)
    process = start_to_crash(killed, crash, tmp_path, served)
    process.join()
    assert command("authorize", other, "--yes", **served.environment).code == 0
    found = ask(
        tmp_path / "data" / "portouts.duckdb", "select portout_id, outcome from marts.rpt_answers order by sent_at"
    )
    assert found == [(killed, "answered"), (other, "answered")]
