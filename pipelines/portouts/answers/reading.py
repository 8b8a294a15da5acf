"""Reads one order from the API, with its events, its comments and its allowed rejection codes.

Only the order itself is required. If another part cannot be read, a note says why.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

from portouts.answers.deadline import SpellStart, spell_start
from portouts.answers.lookup import find_order
from portouts.answers.order import PENDING, FreshOrder, OrderComment, OrderEvent, RejectionCode
from portouts.names import DEFAULT_ACCOUNT
from portouts.records.arrow import events_table, instant_of, orders_table
from portouts.records.pins import text_without_pins
from portouts.records.privacy import KEEP, Privacy
from portouts.records.rows import canonical_id, has_id
from portouts.records.schema import LAST_INSTANT
from portouts.telnyx.client import Api
from portouts.telnyx.errors import KeyRejected, TelnyxError, UnaskedRows
from portouts.telnyx.page import JsonObject

PAGE_SIZE = 250
MOST_PAGES = 40
STATUS_CHANGED, NEW_COMMENT = "portout.status_changed", "portout.new_comment"
_SAME_NAMES = (
    "support_key",
    "carrier_name",
    "spid",
    "pon",
    "inserted_at",
    "updated_at",
    "reason",
    "rejection_code",
)
T = TypeVar("T")


@dataclass(frozen=True)
class OrderReader:
    """Read orders through one client."""

    api: Api
    response_window: timedelta
    privacy: Privacy = KEEP
    held_since: Callable[[str], datetime | None] = lambda _portout_id: None
    """Returns since when the published file shows an order as pending, or None."""
    account: str = DEFAULT_ACCOUNT

    async def read(self, reference: str) -> FreshOrder:
        """Find an order by its id or support key, and read all its parts; raises as `find_order` does."""
        row = await find_order(self.api, reference)
        portout_id = canonical_id(row["id"])
        notes: list[str] = []
        events = await _or_note(self._events(portout_id), "events", notes)
        comments = await _or_note(self._comments(portout_id), "comments", notes)
        codes = await _or_note(self._codes(portout_id), "rejection codes", notes)
        return self._order(row, events or (), comments or (), codes, notes)

    def _order(
        self,
        row: JsonObject,
        events: Sequence[OrderEvent],
        comments: Sequence[OrderComment],
        codes: Sequence[RejectionCode] | None,
        notes: Sequence[str],
    ) -> FreshOrder:
        [fields] = orders_table([row], self.privacy).to_pylist()
        numbers = fields["phone_numbers"]
        shown = self.privacy.mask(numbers)
        status = _trimmed(fields["status"])
        is_pending = status == PENDING
        held = self.held_since(fields["id"]) if is_pending else None
        start = spell_start(fields["inserted_at"], events, held) if is_pending else SpellStart(None, is_exact=True)
        return FreshOrder(
            portout_id=fields["id"],
            status=status,
            phone_numbers=tuple(shown) if isinstance(shown, list) else None,
            number_count=len(numbers or ()),
            requested_foc_on=_day(fields["requested_foc_date"]),
            foc_on=_day(fields["foc_date"]),
            pending_at=start.at,
            deadline_at=start.at + self.response_window if start.at else None,
            is_deadline_exact=start.is_exact,
            events=events,
            comments=comments,
            rejection_codes=codes,
            notes=notes,
            account=self.account,
            **{name: fields[name] for name in _SAME_NAMES},
        )

    async def _events(self, portout_id: str) -> Sequence[OrderEvent]:
        params = {"filter[portout_id]": portout_id, "page[size]": str(PAGE_SIZE)}
        rows = await _all_rows(self.api, "/portouts/events", params)
        if any(_owner_of(row) != portout_id for row in rows):
            raise UnaskedRows("The API returned events of other orders: it does not apply filter[portout_id].")
        table = events_table(rows, self.privacy)
        events = [_event(fields) for fields in table.to_pylist()]
        return tuple(sorted(events, key=lambda event: _time_order(event.created_at)))

    async def _comments(self, portout_id: str) -> Sequence[OrderComment]:
        rows = await _all_rows(self.api, f"/portouts/{quote(portout_id, safe='')}/comments", {})
        comments = [self._comment(row) for row in rows]
        return tuple(sorted(comments, key=lambda comment: _time_order(comment.created_at)))

    def _comment(self, row: JsonObject) -> OrderComment:
        body = row.get("body")
        return OrderComment(
            comment_id=_text(row.get("id")),
            created_at=instant_of(row.get("created_at")),
            user_id=_text(row.get("user_id")),
            body=_text(self.privacy.mask(text_without_pins(body))) if isinstance(body, str) else None,
        )

    async def _codes(self, portout_id: str) -> Sequence[RejectionCode]:
        page = await self.api.fetch_list(f"/portouts/rejections/{quote(portout_id, safe='')}", {})
        codes = {row["code"]: _code(row) for row in page.rows if isinstance(row, dict) and _is_number(row.get("code"))}
        return tuple(codes[code] for code in sorted(codes))


async def _or_note(reading: Coroutine[Any, Any, T], what: str, notes: list[str]) -> T | None:
    """Await a part other than the order; a failure becomes a note, unless the key itself is refused."""
    try:
        return await reading
    except KeyRejected:
        raise
    except TelnyxError as error:
        notes.append(f"No {what} are shown. {error}")
        return None


async def _all_rows(api: Api, path: str, params: Mapping[str, str]) -> list[JsonObject]:
    """Fetch all pages of a short list; each row that has an id counts once."""
    rows: dict[str, JsonObject] = {}
    number, total, is_growing = 1, None, True
    while is_growing and number <= MOST_PAGES:
        # The first page is requested without parameters if the list documents no pages.
        paging = {"page[number]": str(number)} if params or number > 1 else {}
        page = await api.fetch_list(path, {**params, **paging})
        before = len(rows)
        rows |= {str(row["id"]): row for row in page.rows if isinstance(row, dict) and has_id(row)}
        total = page.total if page.total is not None else total
        is_growing = len(rows) > before and total is not None and len(rows) < total
        number += 1
    return [*rows.values()]


def _event(fields: Mapping[str, Any]) -> OrderEvent:
    return OrderEvent(
        event_id=fields["id"],
        event_type=fields["event_type"],
        created_at=fields["created_at"],
        status=_trimmed(fields["payload__status"]) if fields["event_type"] == STATUS_CHANGED else None,
        rejection_reason=fields["payload__rejection_reason"],
        comment_id=fields["payload__id"] if fields["event_type"] == NEW_COMMENT else None,
        comment=fields["payload__comment"],
        foc_on=_day(fields["payload__foc_date"]),
    )


def _code(row: JsonObject) -> RejectionCode:
    return RejectionCode(row["code"], _text(row.get("description")), row.get("reason_required") is not False)


def _owner_of(row: JsonObject) -> str:
    return canonical_id(str(row.get("portout_id")))


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _trimmed(text: str | None) -> str | None:
    return text.strip() or None if text else None


def _day(text: object) -> date | None:
    """Return a date as a day; it has no time zone."""
    try:
        return date.fromisoformat(text[:10]) if isinstance(text, str) else None
    except ValueError:
        return None


def _time_order(at: datetime | None) -> datetime:
    return at or LAST_INSTANT
