"""Judges the API's replies: the key, its rights, and the size of a first load."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from portouts.doctor.estimate import FirstLoad, count_of
from portouts.doctor.findings import Finding, failed, ok, skipped, warning
from portouts.doctor.questions import Replies
from portouts.load.settings.tables import SourceSettings
from portouts.telnyx.clock import TOLERANCE, WORTH_A_WARNING, written_span
from portouts.telnyx.errors import KeyRejected, NotFound, PermissionDenied, TelnyxError, TelnyxRefused
from portouts.telnyx.limits.deadlines import format_duration
from portouts.telnyx.page import Page
from portouts.telnyx.queries import page_count
from portouts.telnyx.request import LATER

NOT_ASKED = "not known, since the first request was refused or not answered"
AGAIN = "then run `portouts doctor` again"
ADDRESS = f"Check TELNYX_BASE_URL, the network and its proxy, {AGAIN}."
CERTIFICATE = (
    "A proxy or a firewall may show a certificate of its own: name the file with its authority in SSL_CERT_FILE, "
    f"{AGAIN}."
)
KEY = (
    "Copy the whole key again from the Telnyx portal (API keys), or make a new one if it was deleted, and put it into "
    "TELNYX_API_KEY."
)
RIGHT = (
    "The key itself is right. Let an administrator of the Telnyx account give its user the permission to view port-out "
    "orders, or use the key of a user who has it."
)
EMPTY = (
    "If the account has port-outs, the key belongs to a user without the right to see them: to such a user, the API "
    "may show an empty account. Compare with the Telnyx portal, or use the key of an administrator."
)


def check_account(settings: SourceSettings, replies: Replies, load: FirstLoad | None) -> Iterator[Finding]:
    """Judge the replies of the API."""
    yield _api(replies)
    yield _key(replies)
    yield _orders(replies)
    yield _events(settings, replies)
    if settings.inventory:
        yield _numbers(settings, replies)
    yield _rights(settings, replies)
    yield _rate_limit(replies)
    yield _first_load(load)
    yield _clock(replies)


def _api(replies: Replies) -> Finding:
    match replies.orders:
        case None:
            return failed("API", replies.gave_up or f"no answer from {replies.host}", ADDRESS)
        case TelnyxRefused(is_of_api=True) | Page():
            return ok("API", f"{replies.host} answers")
        case TelnyxError() as error:
            return failed("API", error.reason, _advice_without_answer(error))


def _advice_without_answer(error: TelnyxError) -> str:
    if "certificate not accepted" in error.reason:
        return CERTIFICATE
    if "no whole answer" in error.reason:
        return ADDRESS
    return error.advice.removesuffix(LATER) or f"Wait, {AGAIN}."


def _key(replies: Replies) -> Finding:
    match replies.orders:
        case KeyRejected(is_of_api=True) as error:
            return failed("key", f"not accepted: {error.reason}", KEY)
        case PermissionDenied(is_of_api=True) | Page():
            return ok("key", "accepted")
    return skipped("key", "not known, since the API did not answer as Telnyx does")


def _orders(replies: Replies) -> Finding:
    match replies.orders:
        case Page(total=None, uncounted=uncounted):
            found = f"readable, but the API does not count them (total_results is {uncounted})"
            return failed("orders", found, "Nothing would prove what is read. Ask Telnyx, or use --allow-unproven.")
        case Page(total=total):
            return ok("orders", f"readable; there are {total:,}")
        case TelnyxRefused(is_of_api=True) as error if not isinstance(error, KeyRejected):
            return _orders_refused(error)
    return skipped("orders", NOT_ASKED)


def _orders_refused(error: TelnyxRefused) -> Finding:
    if isinstance(error, PermissionDenied):
        return failed("orders", f"this key may not read them: {error.reason}", RIGHT)
    if isinstance(error, NotFound):
        return failed("orders", error.reason, "Check TELNYX_BASE_URL, which ends with /v2 at Telnyx.")
    return failed("orders", error.reason, "Check TELNYX_BASE_URL, or ask Telnyx about this request.")


def _events(settings: SourceSettings, replies: Replies) -> Finding:
    if not settings.events:
        return ok("events", "not read, since events = false; response times come from what syncs observe")
    match replies.events:
        case Page(total=None, uncounted=uncounted):
            return warning(
                "events",
                f"readable, but the API does not count them (total_results is {uncounted})",
                "A sync cannot prove that it has read them all. Ask Telnyx, or set events = false.",
            )
        case Page(total=total):
            return ok("events", f"readable; there are {total:,}")
        case PermissionDenied(is_of_api=True) | NotFound(is_of_api=True) as error:
            return warning(
                "events",
                f"this account shows none: {error.reason}",
                "A sync works without them, and knows response times only as exactly as syncs are frequent. If the "
                "account has events, its administrator can give this key's user the right to read them.",
            )
        case TelnyxError() as error:
            return failed("events", error.reason, f"Wait, {AGAIN}; events = false reads none.")
    return skipped("events", f"no answer in time: {replies.gave_up}" if replies.gave_up else NOT_ASKED)


def _numbers(settings: SourceSettings, replies: Replies) -> Finding:
    match replies.numbers:
        case Page(total=int(total)):
            requests = page_count(total, settings.page_size)
            every = settings.inventory_every_hours
            return ok("numbers", f"readable; there are {total:,}: {requests:,} requests every {every} hours")
        case Page(uncounted=uncounted):
            found = f"readable, but the API does not count them (total_results is {uncounted})"
            return warning("numbers", found, "Nothing would prove their list. Ask Telnyx, or set inventory = false.")
        case PermissionDenied(is_of_api=True) | NotFound(is_of_api=True) as error:
            advice = "Let an administrator give this key's user the right to view numbers, or set inventory = false."
            return warning("numbers", f"this key may not read them: {error.reason}", advice)
        case TelnyxError() as error:
            return failed("numbers", error.reason, f"Wait, {AGAIN}; inventory = false reads none.")
    return skipped("numbers", f"no answer in time: {replies.gave_up}" if replies.gave_up else NOT_ASKED)


def _rights(settings: SourceSettings, replies: Replies) -> Finding:
    since = f" since start_date ({settings.start_date})" if settings.start_date else ""
    match count_of(replies.orders), count_of(replies.events):
        case None, _:
            return skipped("empty account", "not known, since no orders were counted")
        case 0, 0 | None:
            return warning("empty account", f"the account looks empty: no orders and no events{since}", EMPTY)
        case 0, events:
            return warning("empty account", f"the account shows {events:,} events and no order{since}", EMPTY)
    return ok("empty account", "this key sees orders")


def _rate_limit(replies: Replies) -> Finding:
    if replies.rate_limit:
        requests, seconds = replies.rate_limit
        return ok("rate limit", f"{requests:g} requests in {seconds:.3g} s, as the answers' headers state it")
    if not isinstance(replies.orders, Page):
        return skipped("rate limit", "not known")
    return ok("rate limit", "the answers' headers state none; a sync finds it by the refusals")


def _first_load(load: FirstLoad | None) -> Finding:
    if load is None:
        return skipped("first load", "not known, since no orders were counted")
    pages = ", ".join(f"{count:,} for {name}" for name, count in load.pages.items())
    time = format_duration(load.minutes * 60) if load.minutes >= 1 else "less than a minute"
    pace = f"{load.pace.per_second:.3g} requests per second, {load.pace.bound}"
    return ok("first load", f"about {load.requests:,} requests ({pages}) and {time}: at {pace}")


def _clock(replies: Replies) -> Finding:
    if replies.api_date is None:
        if not isinstance(replies.orders, Page):
            return skipped("clock", "not compared")
        return warning(
            "clock", "the API's answers have no Date", "A sync trusts this machine's clock: let time servers set it."
        )
    side = "ahead of" if replies.ahead > timedelta() else "behind"
    if abs(replies.ahead) >= WORTH_A_WARNING:
        return warning(
            "clock",
            f"this machine's is {written_span(replies.ahead)} {side} the API's",
            "A sync reads up to the API's time; let time servers set this clock, or certificates may fail.",
        )
    if abs(replies.ahead) > TOLERANCE:
        return ok("clock", f"this machine's is {abs(replies.ahead).seconds} seconds {side} the API's")
    return ok("clock", "this machine's and the API's agree")
