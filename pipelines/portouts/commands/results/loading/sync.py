"""What `sync` prints: the result of a sync, or of a load into another engine, and its notes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from portouts.commands.results.loading.build import BuildResult
from portouts.commands.terminal.output import as_object, print_result
from portouts.commands.terminal.progress import note
from portouts.verify.comparison import Verdict

if TYPE_CHECKING:
    from portouts.commands.jobs.loading.outcome import AccountOutcome
    from portouts.commands.jobs.sync import SyncOutcome
    from portouts.extract.options import InventoryReport, SyncReport
    from portouts.publish.target import TargetOutcome
    from portouts.warehouse.metadata import Certificate


class _Published(msgspec.Struct):
    """The result of a sync; `_Read` follows it."""

    database: str
    as_of: datetime
    published: bool
    orders_changed: int
    seconds: float
    phases: dict[str, float]
    """Seconds of each phase: read, load, verify, build, publish."""
    refusals: int
    retries: int
    build: BuildResult
    warnings: list[str]
    verification: Certificate | None
    targets: list[TargetOutcome]
    accounts: list[AccountResult] | msgspec.UnsetType = msgspec.UNSET
    """Unset if no accounts are set up."""


class AccountResult(msgspec.Struct, frozen=True):
    """What a sync did with one account; all figures are null if it failed."""

    account: str
    error: str | None
    as_of: datetime | None = None
    requests: int | None = None
    orders_read: int | None = None
    orders_changed: int | None = None
    is_proven: bool | None = None
    verification: Certificate | None = None

    @classmethod
    def of(cls, outcome: AccountOutcome) -> AccountResult:
        if outcome.loaded is None:
            return cls(outcome.account, str(outcome.error))
        report = outcome.loaded.report
        return cls(
            outcome.account,
            None,
            report.as_of,
            report.requests,
            report.orders_read,
            outcome.orders_changed,
            not report.unproven,
            outcome.loaded.certificate,
        )


class _Loaded(msgspec.Struct):
    """The result of a load into another engine; `_Read` follows it."""

    destination: str
    as_of: datetime
    published: bool


class _Read(msgspec.Struct):
    """The figures about reading, which both results show."""

    requests: int
    orders_read: int
    events_read: int
    is_proven: bool
    strange_rows: int
    rows_without_id: list[str]
    missing_orders: list[str]
    unproven: list[str]
    notes: list[str]
    inventory: InventoryReport | msgspec.UnsetType
    """Unset without the setting `inventory`."""

    @classmethod
    def of(cls, report: SyncReport, further_notes: list[str]) -> _Read:
        return cls(
            requests=report.requests,
            orders_read=report.orders_read,
            events_read=report.events_read,
            is_proven=not report.unproven,
            strange_rows=report.strange_rows,
            rows_without_id=list(report.unusable.values()),
            missing_orders=report.missing,
            unproven=report.unproven,
            notes=[*report.all_notes, *further_notes],
            inventory=report.inventory or msgspec.UNSET,
        )


def sync_object(outcome: SyncOutcome) -> dict[str, Any]:
    """Return the JSON object of a sync."""
    published = _Published(
        database=str(outcome.database),
        as_of=outcome.as_of,
        published=True,
        orders_changed=outcome.orders_changed,
        seconds=round(outcome.seconds, 3),
        phases=outcome.measures.phases,
        refusals=outcome.measures.traffic.refusals,
        retries=outcome.measures.traffic.retries,
        build=BuildResult.of(outcome.build),
        warnings=[str(warning) for warning in outcome.warnings],
        verification=outcome.certificate,
        targets=outcome.targets,
        accounts=[AccountResult.of(one) for one in outcome.accounts] or msgspec.UNSET,
    )
    return as_object(published, _Read.of(outcome.report, outcome.noted))


def facts_of(outcome: SyncOutcome) -> dict[str, object]:
    """Return the fields for the summary of a sync."""
    report, certificate = outcome.report, outcome.certificate
    return {
        "as_of": outcome.as_of,
        "orders_read": report.orders_read,
        "events_read": report.events_read,
        "orders_changed": outcome.orders_changed,
        "is_proven": outcome.is_proven,
        "verdict": certificate.verdict if certificate else None,
        "build": outcome.build.kind,
        "published": True,
    }


def print_sync(outcome: SyncOutcome, *, as_json: bool) -> None:
    """Print the result of a sync, and its notes."""
    report = outcome.report
    note([*_notes_of_reading(report), *map(str, outcome.warnings), *_notes_of_verification(outcome)])
    note(_lines_of_accounts(outcome))
    text = (
        f"{outcome.database} now shows {outcome.as_of.isoformat(timespec='seconds')}: {report.orders_read} orders and "
        f"{report.events_read} events read with {report.requests} requests, {outcome.orders_changed} orders new or "
        f"changed.{_inventory_sentence(report)}"
    )
    print_result(text, sync_object(outcome), as_json=as_json)


def print_load(destination: str, report: SyncReport, *, as_json: bool) -> None:
    """Print the result of a load into another engine, and its notes."""
    note(_notes_of_reading(report))
    loaded = _Loaded(destination, report.as_of, published=False)
    as_of = report.as_of.isoformat(timespec="seconds")
    text = f"{destination} now holds {as_of} in its schema raw; nothing was published."
    print_result(text, loaded, _Read.of(report, []), as_json=as_json)


def _lines_of_accounts(outcome: SyncOutcome) -> Iterator[str]:
    for one in outcome.accounts:
        if one.loaded:
            verdict = f", {one.loaded.certificate.verdict}" if one.loaded.certificate else ""
            yield f"{one.account}: {one.loaded.report.orders_read} orders read, {one.orders_changed} changed{verdict}."
        else:
            yield f"{one.account}: NOT READ, its rows are those of before. {one.error}"


def _inventory_sentence(report: SyncReport) -> str:
    if report.inventory is None or "all" not in report.inventory.counts:
        return ""
    counts = report.inventory.counts
    read = "counted" if report.inventory.is_list_proven is None else "read"
    return f" {counts['all']} numbers {read}, {counts.get('active', 0)} of them active."


def _notes_of_reading(report: SyncReport) -> list[str]:
    return [*report.all_notes, *(f"not proven: {query}" for query in report.unproven)]


def _notes_of_verification(outcome: SyncOutcome) -> Iterator[str]:
    report, certificate = outcome.report, outcome.certificate
    if report.missing and not certificate:
        yield f"{len(report.missing)} open orders are no longer known to the API (404); they are kept as last seen."
    if certificate and certificate.repaired:
        yield f"{certificate.repaired} orders had changed, come or gone unannounced; counting found them."
    if certificate and certificate.verdict != Verdict.PROVEN:
        yield f"Not verified: {certificate.verdict}. `portouts verify` says more."
    if report.strange_rows:
        yield f"{report.strange_rows} rows hold fields or values that were not expected; see their column `extra`."
