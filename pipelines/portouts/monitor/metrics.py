"""Writes the text of the metrics file: each command's last run, and the published file.

The file holds seconds since 1970 and no ages, because an age would be wrong by the time it is read. Metrics that
another command or another database wrote stay in the file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]
Samples = dict[str, list[tuple[dict[str, str], float]]]
"""Metric → its samples."""

LAST_SUCCESS = "portouts_last_success_timestamp_seconds"
HELP = {
    "portouts_build_info": "The versions that wrote this file; always 1.",
    "portouts_last_run_timestamp_seconds": "When the last run of this command ended.",
    LAST_SUCCESS: "When the last run of this command with exit code 0 ended.",
    "portouts_last_run_exit_code": "Exit code of the last run.",
    "portouts_last_run_duration_seconds": "How long the last run took.",
    "portouts_last_run_phase_duration_seconds": "How long each phase of the last run took.",
    "portouts_last_run_requests": "Requests of the last run to the API, retries included.",
    "portouts_last_run_refusals": "Requests of the last run without a usable answer, by reason.",
    "portouts_last_run_retries": "Requests of the last run that were sent again.",
    "portouts_last_run_rows_read": "Rows that the last run read, by kind; absent if it failed.",
    "portouts_last_run_orders_changed": "Orders that the last sync found new or changed; absent if it failed.",
    "portouts_last_run_unproven_ranges": "Ranges that the API's counts did not confirm; at least 1 if that failed it.",
    "portouts_data_as_of_timestamp_seconds": "The instant that the published file shows.",
    "portouts_account_as_of_timestamp_seconds": "The instant that the rows of this account show.",
    "portouts_account_failed": "1 if the last sync of this account failed, else 0.",
    "portouts_open_orders": "Orders that are not final, in the published file.",
    "portouts_pending_orders": "Orders that wait for an answer, in the published file.",
    "portouts_pending_overdue_orders": "Of these, orders whose deadline had passed when this was written.",
    "portouts_verification_verdict": "1 for the verdict of the last verification, 0 for the others.",
    "portouts_verification_timestamp_seconds": "When the last verification ended.",
}
VERDICTS = ("PROVEN", "DIFFERENT", "UNPROVEN")


@dataclass(frozen=True)
class Account:
    """What the published file says of one account; the columns of `sql/monitor/accounts_of_metrics.sql`."""

    account: str
    data_as_of: float | None
    has_failed: bool


@dataclass(frozen=True)
class Published:
    """What the published file holds; the columns of `sql/monitor/published.sql`."""

    data_as_of: float
    synced_at: float | None
    open_orders: int
    pending_orders: int
    pending_overdue_orders: int
    verdict: str | None
    verified_at: float | None
    accounts: Sequence[Account] = ()
    """Empty if no accounts are set up."""


@dataclass(frozen=True)
class LastRun:
    """One run of a command. A value is None if it is unknown because the run failed."""

    command: str
    ended_at: float
    seconds: float
    exit_code: int
    phases: Mapping[str, float] = field(default_factory=dict)
    requests: int = 0
    refusals: Mapping[str, int] = field(default_factory=dict)
    """Reason → count."""
    retries: int = 0
    rows_read: Mapping[str, int] = field(default_factory=dict)
    """Kind of row → count."""
    orders_changed: int | None = None
    unproven_ranges: int | None = None


def metrics_text(database: str, versions: Labels, run: LastRun, published: Published | None, before: str) -> str:
    """Return the new text of the whole file; `before` is its present text."""
    found = _samples_of(before)
    samples = _kept(found, database, run.command)
    succeeded_at = run.ended_at if run.exit_code == 0 else _last_success(found, database, run.command, published)
    new = [
        ("portouts_build_info", versions, 1.0),
        *_of_run(run, succeeded_at),
        *(_of_published(published) if published else ()),
    ]
    for name, labels, value in new:
        samples.setdefault(name, []).append(({"database": database, **labels}, value))
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(samples))
    return generate_latest(registry).decode()


class _Collector:
    """Passes samples to prometheus_client, in the order of `HELP`."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, explanation in HELP.items():
            if samples := self._samples.get(name):
                names = sorted({label for labels, _ in samples for label in labels})
                family = GaugeMetricFamily(name, explanation, labels=names)
                for labels, value in samples:
                    family.add_metric([labels.get(label, "") for label in names], value)
                yield family


def _of_run(run: LastRun, succeeded_at: float | None) -> Iterator[tuple[str, Labels, float]]:
    own = {"command": run.command}
    single: dict[str, float | None] = {
        "portouts_last_run_timestamp_seconds": run.ended_at,
        LAST_SUCCESS: succeeded_at,
        "portouts_last_run_exit_code": run.exit_code,
        "portouts_last_run_duration_seconds": run.seconds,
        "portouts_last_run_requests": run.requests,
        "portouts_last_run_retries": run.retries,
        "portouts_last_run_orders_changed": run.orders_changed,
        "portouts_last_run_unproven_ranges": run.unproven_ranges,
    }
    by_label: dict[str, tuple[str, Mapping[str, float]]] = {
        "portouts_last_run_phase_duration_seconds": ("phase", run.phases),
        "portouts_last_run_refusals": ("reason", run.refusals),
        "portouts_last_run_rows_read": ("kind", run.rows_read),
    }
    yield from ((name, own, value) for name, value in single.items() if value is not None)
    for name, (label, values) in by_label.items():
        yield from ((name, {**own, label: key}, value) for key, value in values.items())


def _of_published(published: Published) -> Iterator[tuple[str, Labels, float]]:
    yield "portouts_data_as_of_timestamp_seconds", {}, published.data_as_of
    for one in published.accounts:
        if one.data_as_of is not None:
            yield "portouts_account_as_of_timestamp_seconds", {"account": one.account}, one.data_as_of
        yield "portouts_account_failed", {"account": one.account}, one.has_failed
    yield "portouts_open_orders", {}, published.open_orders
    yield "portouts_pending_orders", {}, published.pending_orders
    yield "portouts_pending_overdue_orders", {}, published.pending_overdue_orders
    if published.verdict and published.verified_at is not None:
        for verdict in VERDICTS:
            yield "portouts_verification_verdict", {"verdict": verdict}, verdict == published.verdict
        yield "portouts_verification_timestamp_seconds", {}, published.verified_at


def _samples_of(text: str) -> Samples:
    """Read the samples of our own metrics; a file in another format has none."""
    try:
        families = [*text_string_to_metric_families(text)]
    except ValueError:
        return {}
    return {
        family.name: [(dict(one.labels), one.value) for one in family.samples]
        for family in families
        if family.name in HELP
    }


def _kept(found: Samples, database: str, command: str) -> Samples:
    """Keep all samples but those that are replaced: this database's published file and this command's last run."""

    def is_kept(labels: Labels) -> bool:
        return labels.get("database") != database or labels.get("command", command) != command

    return {name: [sample for sample in samples if is_kept(sample[0])] for name, samples in found.items()}


def _last_success(found: Samples, database: str, command: str, published: Published | None) -> float | None:
    """Return when this command last succeeded: from the metrics file or, for a sync, from the published file."""
    own = {"database": database, "command": command}
    known: Iterable[float] = (value for labels, value in found.get(LAST_SUCCESS, ()) if labels == own)
    return next(iter(known), published.synced_at if published and command == "sync" else None)
