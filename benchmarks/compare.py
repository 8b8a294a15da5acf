"""Measures portouts and its alternatives on a simulated account, and compares them.

    python benchmarks/compare.py --orders 20000                       # all contenders, three repetitions
    python benchmarks/compare.py --orders 200000 --latency-ms 50 --repetitions 1 --json slow.json
    python benchmarks/compare.py --rate-limit 20                      # how much of a limit portouts uses
    python benchmarks/compare.py --memory 20000 200000                # peak memory of portouts by size
    python benchmarks/compare.py fast.json slow.json --markdown docs/benchmarks.md --picture docs/benchmarks.svg

A separate process serves the API. Each contender runs each phase in a new process: a first load, a sync after three
days of changes, a sync without any change. Each repetition starts from an equal account, and another contender goes
first. After each run, its DuckDB file is compared with what the API shows.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from account import API_KEY, Account, Setting
from account_server import serve
from contenders import CONTENDERS, DATABASE, OURS, Contender
from limit_use import limit_use
from measurement import OUTPUT, RunFailed, run_measured
from results import (
    AFTER_3_DAYS,
    FIRST_LOAD,
    PHASES,
    Figures,
    Report,
    Run,
    Series,
    machine_name,
    package_versions,
    read,
    write,
)

DAYS = 3


@dataclass(frozen=True)
class Plan:
    """What to measure."""

    setting: Setting
    contenders: Sequence[Contender]
    phases: Sequence[str]
    repetitions: int
    minutes: float
    """The longest time that one run may take."""


def measure(plan: Plan) -> Series:
    """Run everything in a plan, but no contender again after it has failed."""
    runs: list[Run] = []
    events = 0
    for repetition in range(plan.repetitions):
        with serve(plan.setting) as account, TemporaryDirectory() as folder:
            _, events = account.size()
            for phase in plan.phases:
                if phase == AFTER_3_DAYS:
                    account.advance(DAYS)
                for contender in rotated(plan.contenders, repetition):
                    if any(run.failure and run.contender == contender.name for run in runs):
                        continue
                    run = Run(contender.name, phase, repetition)
                    runs.append(run_once(run, contender, account, Path(folder, contender.name), plan))
                    print_progress(runs[-1])
    return Series(plan.setting, events, plan.repetitions, runs)


def rotated(contenders: Sequence[Contender], repetition: int) -> list[Contender]:
    first = repetition % len(contenders)
    return [*contenders[first:], *contenders[:first]]


def run_once(run: Run, contender: Contender, account: Account, folder: Path, plan: Plan) -> Run:
    """Run a contender, and compare its DuckDB file with the API."""
    folder.mkdir(exist_ok=True)
    arguments = [argument.format(as_of=account.now()) for argument in contender.arguments]
    account.take_requests()
    try:
        usage = run_measured(["-m", contender.module, *arguments], folder, environment(account), plan.minutes)
    except RunFailed as failed:
        return replace(run, failure=str(failed))
    requests = account.take_requests()
    orders, events = account.compare(folder / DATABASE, contender.tables) if contender.tables else (None, None)
    return replace(
        run,
        requests=len(requests),
        usage=usage,
        file_bytes=(folder / DATABASE).stat().st_size if contender.tables else 0,
        own_seconds=json.loads((folder / OUTPUT).read_text())["seconds"] if contender is OURS else None,
        orders=orders,
        events=events,
        limit_use=limit_use(requests, plan.setting.rate_limit) if plan.setting.rate_limit else None,
    )


def environment(account: Account) -> dict[str, str]:
    """Return an environment that leads to the simulated account and turns dlt's usage reports off."""
    return os.environ | {
        "TELNYX_API_KEY": API_KEY,
        "TELNYX_BASE_URL": account.base_url(),
        "NO_PROXY": "127.0.0.1",
        "PYTHONPATH": str(Path(__file__).parent),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def print_progress(run: Run) -> None:
    """Print the figures of one run."""
    figures = Figures([run])
    result = run.failure or (
        f"{figures.seconds:8.2f} s {figures.cpu_seconds:8.2f} s CPU {figures.peak_mb:8,.0f} MB "
        f"{run.requests:6,} requests  {', '.join(figures.errors)}"
    )
    print(f"{run.repetition + 1}  {run.phase:20} {run.contender:17} {result}", file=sys.stderr)


def plans(options: argparse.Namespace) -> Iterator[Plan]:
    """Yield the plans for the options: contenders, phases and sizes."""
    setting = Setting(options.orders, options.latency_ms, options.rate_limit)
    if options.memory:
        for orders in options.memory:
            yield Plan(replace(setting, orders=orders), [OURS], [FIRST_LOAD], 1, options.minutes)
    elif options.rate_limit:
        yield Plan(setting, [OURS], [FIRST_LOAD], options.repetitions, options.minutes)
    else:
        contenders = [CONTENDERS[name] for name in options.contenders]
        yield Plan(setting, contenders, PHASES, options.repetitions, options.minutes)


def contender_names(text: str) -> list[str]:
    if unknown := set(text.split(",")) - CONTENDERS.keys():
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(CONTENDERS)}")
    return text.split(",")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", nargs="*", type=Path, help="show these earlier results instead of measuring")
    parser.add_argument("--orders", type=int, default=20_000)
    parser.add_argument("--latency-ms", type=float, default=0, help="time that the API takes to answer")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--contenders", type=contender_names, default=list(CONTENDERS), help=f"of {','.join(CONTENDERS)}"
    )
    parser.add_argument("--minutes", type=float, default=30, help="longest time for one run")
    parser.add_argument(
        "--rate-limit", type=int, help="requests per second that the API allows; measures portouts alone"
    )
    parser.add_argument(
        "--memory", type=int, nargs="+", metavar="ORDERS", help="first loads of these sizes; measures portouts alone"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results to this file")
    parser.add_argument(
        "--markdown", type=Path, metavar="OUT", help="write the figures into this page instead of printing them"
    )
    parser.add_argument("--picture", type=Path, metavar="OUT", help="draw the largest comparison to this SVG file")
    return parser.parse_args()


def main() -> None:
    options = parse_options()
    if options.results:
        report = read(options.results)
    else:
        report = Report(machine_name(), package_versions(), [measure(plan) for plan in plans(options)])
    if options.json:
        write(options.json, report)
    show(report, options.markdown, options.picture)


def show(report: Report, markdown: Path | None, picture: Path | None) -> None:
    """Write the page and the picture. The imports are here because this process has to be small while it measures."""
    from chart import draw_chart
    from page import replace_figures, write_figures

    for path in filter(None, (markdown, picture)):
        path.parent.mkdir(parents=True, exist_ok=True)
    if picture:
        picture.write_text(draw_chart(report))
    if markdown:
        page = markdown.read_text() if markdown.exists() else ""
        link = os.path.relpath(picture, markdown.parent) if picture else None
        markdown.write_text(replace_figures(page, write_figures(report, link)))
    else:
        print(write_figures(report, None))


if __name__ == "__main__":
    main()
