"""Reports a run to monitors: the metrics file and the ping."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portouts.errors import Interrupted, NotProven

if TYPE_CHECKING:
    from portouts.commands.jobs.ending.ended import Ended
    from portouts.monitor.metrics import LastRun


def write_metrics_of(ended: Ended, file: Path) -> Iterable[str]:
    """Write the metrics file; return a note if that was not possible."""
    from portouts.monitor.textfile import write_metrics

    problem = write_metrics(file, ended.database, version("portouts"), last_run(ended), ended.ended_at)
    return [f"Metrics: {problem}"] if problem else []


def ping_of(ended: Ended, url: str) -> Iterable[str]:
    """Ping a dead-man monitor; return a note if that was not possible.

    A command that a person stopped is neither a success nor a failure, so it sends no ping.
    """
    if isinstance(ended.error, Interrupted | KeyboardInterrupt):
        return []
    from portouts.monitor.ping import ping

    problem = ping(url, is_success=ended.is_success)
    return [f"Ping: {problem}"] if problem else []


def last_run(ended: Ended) -> LastRun:
    """Return the figures of a run."""
    from portouts.monitor.metrics import LastRun

    traffic = ended.measures.traffic
    return LastRun(
        command=ended.command,
        ended_at=ended.ended_at.timestamp(),
        seconds=(ended.ended_at - ended.started_at).total_seconds(),
        exit_code=ended.exit_code,
        phases=ended.measures.phases,
        requests=traffic.requests,
        refusals={"rate_limit": traffic.limited, "server": traffic.failed, "no_answer": traffic.unanswered},
        retries=traffic.retries,
        **_of_outcome(ended),
    )


def _of_outcome(ended: Ended) -> dict[str, Any]:
    """Return the figures that only a successful run has."""
    if ended.outcome is None:
        return {"unproven_ranges": 1} if isinstance(ended.error, NotProven) else {}
    from portouts.commands.jobs.sync import SyncOutcome

    if isinstance(ended.outcome, SyncOutcome):
        report = ended.outcome.report
        return {
            "rows_read": {"orders": report.orders_read, "events": report.events_read},
            "orders_changed": ended.outcome.orders_changed,
            "unproven_ranges": len(report.unproven),
        }
    return {"unproven_ranges": len(ended.outcome.comparison.unproven)}
