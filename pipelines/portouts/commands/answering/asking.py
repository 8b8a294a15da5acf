"""The common steps of `authorize` and `reject`: list the orders, ask before sending, print the result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from portouts.commands.terminal.confirmation import confirm, require_answerable
from portouts.commands.terminal.environment import machine_time, open_with_settings, user_and_host
from portouts.commands.terminal.log.run import this_run
from portouts.commands.terminal.paths import published_file
from portouts.commands.terminal.process import stop_on_signal
from portouts.commands.terminal.progress import note_wait, progress
from portouts.errors import SettingsError
from portouts.load.settings.files import settings_files, with_home

if TYPE_CHECKING:
    from portouts.answers.plan import Decision
    from portouts.commands.jobs.answering.answer import AnswerOutcome
    from portouts.commands.jobs.answering.plan import AnswerPlan, AnswerRequest
    from portouts.warehouse.warehouse import Warehouse

STANDARD_INPUT = Path("-")
STOPPED = "`portouts show ORDER` shows whether an order was answered; the next sync completes its row in raw.answers."
DONE = "`marts.rpt_answers` shows the outcome."


@dataclass(frozen=True)
class Asked:
    """The options of both commands."""

    database: Path
    orders: Sequence[str]
    from_file: Path | None
    yes: bool
    dry_run: bool
    wait_seconds: int
    api_key_file: Path | None
    config: Path | None
    state_dir: Path | None
    as_json: bool


def answer_orders(asked: Asked, decide: Callable[[], Decision]) -> None:
    """Read the orders, ask, send, print; exits with the code of the outcome. `decide` may import slow modules."""
    database = published_file(asked.database)
    _require_someone_to_ask(asked)
    names = [*_names(asked)]
    files = settings_files(database, asked.config)
    warehouse, settings = open_with_settings(
        database, asked.state_dir, files, api_key_file=asked.api_key_file, may_wait=True
    )
    from portouts.answers.recording import Identity
    from portouts.commands.jobs.answering.plan import AnswerRequest
    from portouts.commands.results.answering.answer import facts_of, print_answers

    request = AnswerRequest(settings, names, decide(), Identity(*user_and_host()), asked.wait_seconds)
    outcome = _answered(warehouse, request, asked)
    this_run().facts |= facts_of(outcome)
    print_answers(outcome, database, machine_time(), dry_run=asked.dry_run, as_json=asked.as_json)
    if outcome.exit_code:
        raise typer.Exit(outcome.exit_code)


def _answered(warehouse: Warehouse, request: AnswerRequest, asked: Asked) -> AnswerOutcome:
    from portouts.commands.jobs.answering.answer import answer, unsent
    from portouts.commands.jobs.answering.plan import plan
    from portouts.extract.options import Callbacks

    measures = this_run().measures
    with stop_on_signal() as is_stopping:
        callbacks = Callbacks(on_wait=note_wait, is_stopping=is_stopping, measures=measures)
        planned = plan(warehouse, request, callbacks)
    if asked.dry_run or not planned.to_send:
        return unsent(planned, request.decision)
    if not asked.yes:
        _ask(planned, request)
    with progress() as add_bar, stop_on_signal() as is_stopping:
        callbacks = Callbacks(add_bar("Answering"), note_wait, is_stopping, measures)
        return answer(warehouse, request, planned, machine_time, callbacks)


def _ask(plan: AnswerPlan, request: AnswerRequest) -> None:
    """Show the orders and ask once for all of them; raises `Interrupted` unless the answer is yes.

    This text bypasses the log, because it may contain personal data and is only for the person at the terminal.
    """
    from portouts.commands.results.answering.answer import card_of, question

    for each in plan.planned:
        print(*card_of(each, machine_time()), "", sep="\n", file=sys.stderr)
    confirm(question(plan, request.decision), otherwise="Nothing was sent.")


def _require_someone_to_ask(asked: Asked) -> None:
    if asked.yes or asked.dry_run:
        return
    if asked.from_file == STANDARD_INPUT:
        raise SettingsError("Standard input names the orders, so it cannot answer a question. Give --yes or --dry-run.")
    require_answerable(yes=False)


def _names(asked: Asked) -> Iterator[str]:
    """Yield the orders of the command line and of the file; raises `SettingsError` if neither names any."""
    if not asked.orders and asked.from_file is None:
        raise SettingsError("Name an ORDER by its id or support key, or a file of orders with --from FILE.")
    yield from asked.orders
    if asked.from_file is not None:
        yield from names_in(_lines_of(asked.from_file))


def names_in(lines: Iterable[str]) -> Iterator[str]:
    """Yield one order per line; the text after a `#` is a comment."""
    names = (line.partition("#")[0].strip() for line in lines)
    yield from (name for name in names if name)


def _lines_of(path: Path) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if path == STANDARD_INPUT else with_home("--from", path).read_bytes()
        return content.decode("utf-8-sig").splitlines()
    except OSError as error:
        raise SettingsError(f"--from {path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise SettingsError(f"--from {path} is not UTF-8 text.") from None
