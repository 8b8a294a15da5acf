"""What `verify` prints: the certificate, and what differs or was repaired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note

if TYPE_CHECKING:
    from portouts.commands.jobs.verify import VerifyOutcome
    from portouts.publish.target import TargetOutcome
    from portouts.verify.comparison import Difference

DIFFERENCES_SHOWN = 10


class _DifferingOrder(msgspec.Struct):
    portout_id: str
    kind: str
    fields: list[str]


class _DifferingCount(msgspec.Struct):
    status: str | None
    api: int
    warehouse: int


class _Verified(msgspec.Struct):
    """The first part of the result; the certificate follows it."""

    database: str


class _Differences(msgspec.Struct):
    """The last part of the result, after the certificate."""

    differing_orders: list[_DifferingOrder]
    repaired_orders: list[_DifferingOrder]
    differing_counts: list[_DifferingCount]
    unproven: list[str]
    notes: list[str]
    rows_without_id: list[str]
    targets: list[TargetOutcome]

    @classmethod
    def of(cls, outcome: VerifyOutcome) -> _Differences:
        comparison = outcome.comparison
        return cls(
            differing_orders=_orders(comparison.differences),
            repaired_orders=_orders(outcome.repaired),
            differing_counts=[
                _DifferingCount(bucket.status, shown, held) for bucket, shown, held in comparison.differing_counts
            ],
            unproven=comparison.unproven,
            notes=[*outcome.notes, *outcome.noted],
            rows_without_id=list(comparison.unusable.values()),
            targets=outcome.targets,
        )


def facts_of(outcome: VerifyOutcome) -> dict[str, object]:
    """Return the fields for the summary of a verification."""
    certificate = outcome.certificate
    return {
        "as_of": certificate.as_of,
        "verdict": certificate.verdict,
        "orders": certificate.orders,
        "differences": certificate.differences,
        "repaired": certificate.repaired,
    }


def print_verification(outcome: VerifyOutcome, *, as_json: bool) -> None:
    """Print what a verification found, and the first orders that differ."""
    note(outcome.notes)
    parts = (_Verified(str(outcome.database)), outcome.certificate, _Differences.of(outcome))
    print_result("\n".join(_lines(outcome)), *parts, as_json=as_json)


def _orders(differences: Sequence[Difference]) -> list[_DifferingOrder]:
    return [_DifferingOrder(found.portout_id, found.kind, list(found.fields)) for found in differences]


def _lines(outcome: VerifyOutcome) -> Iterator[str]:
    certificate, comparison = outcome.certificate, outcome.comparison
    yield (
        f"{certificate.verdict}: {certificate.orders} orders compared as of {certificate.as_of.isoformat()} with "
        f"{certificate.requests} requests, {certificate.sampled_orders} orders read whole."
    )
    yield f"{certificate.differences} differed, {certificate.repaired} repaired, {certificate.moved} changed since."
    yield from _differing_lines(outcome)
    yield from (f"  not proven: {query}" for query in comparison.unproven)
    yield from comparison.notes
    yield f"Not covered: {certificate.not_covered}"
    if comparison.differing_counts:
        yield "Orders may also have changed since then: run `portouts sync`, or `portouts verify`, which searches."
    elif comparison.differences:
        yield "Mend it with `portouts verify --repair`."


def _differing_lines(outcome: VerifyOutcome) -> Iterator[str]:
    comparison, repaired = outcome.comparison, outcome.repaired
    for bucket, shown, held in comparison.differing_counts:
        yield f"  {bucket}: the API has {shown}, we hold {held}"
    yield from (f"  repaired: {_text_of(difference)}" for difference in repaired[:DIFFERENCES_SHOWN])
    yield from (f"  {_text_of(difference)}" for difference in comparison.differences[:DIFFERENCES_SHOWN])
    if max(len(repaired), len(comparison.differences)) > DIFFERENCES_SHOWN:
        yield "  … and more; --json lists them all"


def _text_of(difference: Difference) -> str:
    fields = f" in {', '.join(difference.fields)}" if difference.fields else ""
    return f"{difference.portout_id}: {difference.kind}{fields}"
