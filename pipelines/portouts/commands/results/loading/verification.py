"""What `verify` prints: the certificate, and what differs or was repaired."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note
from portouts.names import DEFAULT_ACCOUNT

if TYPE_CHECKING:
    from portouts.commands.jobs.verify import VerifyOutcome
    from portouts.publish.target import TargetOutcome
    from portouts.verify.comparison import Difference
    from portouts.warehouse.metadata import Certificate

DIFFERENCES_SHOWN = 10


class _DifferingOrder(msgspec.Struct):
    portout_id: str
    kind: str
    fields: list[str]


class _DifferingCount(msgspec.Struct):
    status: str | None
    api: int
    warehouse: int


class _Account(msgspec.Struct):
    """One account of several: its certificate, or why there is none."""

    account: str
    verification: Certificate | None
    error: str | None


class _Verified(msgspec.Struct):
    """The first part of the result; the certificate follows it."""

    database: str
    account: str | msgspec.UnsetType = msgspec.UNSET
    """Unset if no accounts are set up; then the rest is that of the account with the worst verdict."""


class _Differences(msgspec.Struct):
    """The last part of the result, after the certificate."""

    differing_orders: list[_DifferingOrder]
    repaired_orders: list[_DifferingOrder]
    differing_counts: list[_DifferingCount]
    unproven: list[str]
    notes: list[str]
    rows_without_id: list[str]
    targets: list[TargetOutcome]
    accounts: list[_Account] | msgspec.UnsetType = msgspec.UNSET

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
            accounts=_accounts(outcome) or msgspec.UNSET,
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
    account = outcome.account if _accounts(outcome) else msgspec.UNSET
    parts = (_Verified(str(outcome.database), account), outcome.certificate, _Differences.of(outcome))
    lines = [*_lines(outcome), *(line for one in outcome.others for line in _lines(one))]
    lines += [f"{account}: NOT COMPARED. {error}" for account, error in outcome.errors.items()]
    print_result("\n".join(lines), *parts, as_json=as_json)


def _accounts(outcome: VerifyOutcome) -> list[_Account]:
    """List all accounts; none if no accounts are set up."""
    if not outcome.others and not outcome.errors and outcome.account == DEFAULT_ACCOUNT:
        return []
    compared = [_Account(one.account, one.certificate, None) for one in (outcome, *outcome.others)]
    return [*compared, *(_Account(name, None, str(error)) for name, error in outcome.errors.items())]


def _orders(differences: Sequence[Difference]) -> list[_DifferingOrder]:
    return [_DifferingOrder(found.portout_id, found.kind, list(found.fields)) for found in differences]


def _lines(outcome: VerifyOutcome) -> Iterator[str]:
    certificate, comparison = outcome.certificate, outcome.comparison
    account = f"{outcome.account}: " if outcome.account != DEFAULT_ACCOUNT else ""
    yield (
        f"{account}{certificate.verdict}: {certificate.orders} orders compared as of {certificate.as_of.isoformat()} "
        f"with {certificate.requests} requests, {certificate.sampled_orders} orders read whole."
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
