"""Rejections of orders: who rejected, what followed, and the code and the reason that were seen at the time."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING

from reference_implementation.terms import Row, instant, instant_or_none, words

if TYPE_CHECKING:
    from reference_implementation.histories import History, Step

AFTER_OURS = {
    None: "undecided",
    "rejected": "upheld",
    "pending": "reopened",
    "authorized": "reopened",
    "ported": "reopened",
    "canceled": "canceled",
}
AFTER_THEIRS = {
    None: "upheld",
    "rejected-pending": "reopened",
    "pending": "reopened",
    "authorized": "reopened",
    "ported": "reopened",
    "canceled": "canceled",
}
REJECTED = {"rejected-pending", "rejected"}


def rejections(history: History) -> list[Row]:
    """List the rejections of an order: who rejected it, and what followed."""
    rows: list[Row] = []
    for previous, step, following in history.walk():
        is_ours = step.status == "rejected-pending"
        confirms_ours = previous is not None and previous.status == "rejected-pending"
        if not is_ours and (step.status != "rejected" or confirms_ours):
            continue
        is_intake = previous is not None and previous.status == "pending"
        rejected_at = step.began_at if step.measured_by != "unknown" else None
        decided_at = following.began_at if following and following.measured_by != "unknown" else None
        outcomes = AFTER_OURS if is_ours else AFTER_THEIRS
        rows.append(
            {
                "portout_id": history.id,
                "rejection_number": len(rows) + 1,
                "rejected_at": rejected_at,
                "rejected_by": "us" if is_ours else "intake" if is_intake else "other",
                "outcome": outcomes.get(following.status if following else None, "other"),
                "decided_at": decided_at if following or is_ours else rejected_at,
                "measured_by": step.measured_by,
                "rejection_code": None,
                "rejection_reason": None,
            }
        )
    for row, grounds in zip(rows, remembered_grounds(history), strict=True):
        row.update(grounds)
    if rows:
        now = {"rejection_code": history.order.get("rejection_code"), "rejection_reason": history.order.get("reason")}
        rows[-1].update({name: value for name, value in now.items() if value is not None})
    return rows


def rejections_by_code(rows: list[Row], histories: list[History]) -> list[Row]:
    by_id = {history.id: history for history in histories}
    of_code: defaultdict[int | None, list[Row]] = defaultdict(list)
    for row in rows:
        of_code[row["rejection_code"]].append(row)
    return [
        {
            "rejection_code": code,
            "rejections": len(theirs),
            "by_us": sum(row["rejected_by"] == "us" for row in theirs),
            "at_intake": sum(row["rejected_by"] == "intake" for row in theirs),
            "upheld": sum(row["outcome"] == "upheld" for row in theirs),
            "reopened": sum(row["outcome"] == "reopened" for row in theirs),
            "canceled": sum(row["outcome"] == "canceled" for row in theirs),
            "undecided": sum(row["outcome"] == "undecided" for row in theirs),
            "other_outcome": sum(row["outcome"] == "other" for row in theirs),
            "orders": len({row["portout_id"] for row in theirs}),
            "ported_after_all": sum(by_id[row["portout_id"]].status == "ported" for row in theirs),
            "ported_with_a_later_order": sum(_left_later(by_id[row["portout_id"]], histories) for row in theirs),
        }
        for code, theirs in of_code.items()
    ]


def _left_later(rejected: History, histories: list[History]) -> bool:
    """Return whether an order kept its numbers only until a later order took one of them."""
    numbers = {number["phone_number"] for number in rejected.numbers} - {None}
    return rejected.status != "ported" and any(
        later.status == "ported" and numbers & {number["phone_number"] for number in later.numbers}
        for later in histories
        if later.inserted_at and rejected.inserted_at and later.inserted_at > rejected.inserted_at
    )


def remembered_grounds(history: History) -> list[Row]:
    """Return the code and the reason of each rejection that were seen before the order was reopened, oldest first."""
    stretches = _stretches(history)
    found: list[Row] = [{} for _ in stretches]
    for at, source, code, reason in _evidence(history):
        if source == "event":
            places = [place for place, (began_at, _) in enumerate(stretches) if began_at and began_at <= at][-1:]
        else:
            places = [place for place, (_, left_at) in enumerate(stretches) if not left_at or left_at > at][:1]
        for place in places:
            seen = {"rejection_code": code, "rejection_reason": reason}
            found[place].update({name: value for name, value in seen.items() if value is not None})
    return found


def _stretches(history: History) -> list[tuple[datetime | None, datetime | None]]:
    """List when each rejection began, and when the order left it; a decision that upholds ours is part of it."""
    stretches: list[tuple[datetime | None, datetime | None]] = []
    before: Step | None = None
    for _, step, following in history.walk():
        left_at = following.began_at if following else None
        if step.status == "rejected" and before and before.status == "rejected-pending":
            stretches[-1] = (stretches[-1][0], left_at)
        elif step.status in REJECTED:
            stretches.append((step.began_at, left_at))
        before = step
    return stretches


def _evidence(history: History) -> list[tuple[datetime, str, int | None, str | None]]:
    """List what was seen of codes and reasons while the order was rejected, oldest first."""
    seen = [
        (instant(row["updated_at"]), "observation", row.get("rejection_code"), row.get("reason"))
        for row in history.seen
        if words(row["status"]) in REJECTED
    ]
    said = [
        (at, "event", None, (event.get("payload") or {}).get("rejection_reason") or None)
        for event in history.events
        if event["event_type"] == "portout.status_changed" and (at := instant_or_none(event["created_at"]))
        if words((event.get("payload") or {}).get("status")) in REJECTED
    ]
    known = [evidence for evidence in (*seen, *said) if evidence[2:] != (None, None)]
    return sorted(known, key=lambda one: (one[0], one[1], one[2] or 0, one[3] is not None, one[3] or ""))
