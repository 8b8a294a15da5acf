"""The fields with which an order is inserted, and the texts that people write about it.

Nearly all personal fields are null, as in the documented samples. The people are invented: their family names mean
"example". The surprise: older orders lack keys that newer ones have, and write timestamps in another format.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from .accounts.account import Account
from .carriers import Carrier
from .numbering import country_of, draw_numbers
from .rng import draw_uuid, weighted_choice
from .timestamps import write_milliseconds, write_seconds

Fields = dict[str, Any]

USER_ID = "00000000-0000-4000-8000-00000000cafe"
PERSON_SHARE = 0.12  # share of orders that name people and places

PEOPLE = (
    "Zoë Example", "José Ejemplo", "Łukasz Przykład", "Siobhán Sampla", "Jürgen Beispiel", "Åsa Exempel",
    "Ayşe Örnek", "Ελένη Παράδειγμα", "Ольга Пример", "例 花子", "Noël Témoin", "Sample & Daughters LLC",
)  # fmt: skip
CITIES = ("Sampleville", "Saint-Exemple", "Testington", "Ejemplo del Río", "Mockborough", "Beispielstadt")
STATES = ("IL", "CO", "TX", "NY", "QC", "CA")
REJECTIONS = (
    (1001, "The account holder does not recognise this request"),
    (1001, "Number is part of a contract – please contact the account holder"),
    (1001, "Le titulaire n'a pas autorisé ce transfert"),
    (1002, None),
    (1003, "Account number mismatch"),
    (1004, "Service address mismatch"),
)
COMMENTS = (
    "Please confirm the account number.",
    "Customer asked again – see ticket.",
    "Dirección no válida, gracias.",
)
_draw_lead_days = weighted_choice({1: 8, 2: 14, 3: 20, 4: 16, 5: 12, 6: 8, 7: 9, 10: 6, 14: 5, 21: 2})


@dataclass(frozen=True)
class FeatureDates:
    """The instants from which new orders have the API's newer features."""

    events: datetime
    rejection_code: datetime
    milliseconds: datetime
    host_messaging: datetime

    @classmethod
    def between(cls, starts_at: datetime, now: datetime) -> FeatureDates:
        """Distribute the features over a world's history."""
        span = now - starts_at
        return cls(
            events=starts_at + min(timedelta(days=21), span * 0.1),
            rejection_code=starts_at + span * 0.25,
            milliseconds=starts_at + span * 0.4,
            host_messaging=starts_at + span * 0.6,
        )


def draw_fields(rng: Random, inserted_at: datetime, features: FeatureDates, account: Account) -> tuple[Fields, Carrier]:
    """Return the fields of a new order, whose first step sets its status, and the carrier that gains its numbers."""
    numbers = draw_numbers(rng, account.draw_count)
    carrier = account.draw_carrier(rng, inserted_at, is_north_american=numbers[0].startswith("+1"))
    write = write_milliseconds if inserted_at >= features.milliseconds else write_seconds
    requested = inserted_at.replace(hour=0, minute=0, second=0, microsecond=0)
    requested += timedelta(days=_draw_lead_days(rng))
    fields = default_fields(draw_uuid(rng), write(inserted_at))
    fields.update(
        phone_numbers=numbers,
        carrier_name=carrier.draw_spelling(rng),
        spid=carrier.spid,
        requested_foc_date=write(requested),
        **(_draw_person(rng) if rng.random() < PERSON_SHARE else {}),
    )
    if inserted_at < features.rejection_code:
        del fields["rejection_code"]
    if inserted_at < features.host_messaging:
        del fields["host_messaging"]
    return fields, carrier


def default_fields(portout_id: str, inserted_at: str) -> Fields:
    """Return an order with all keys that the API knows today, in its order, and without any details."""
    return {
        "already_ported": False,
        "authorized_name": None,
        "carrier_name": None,
        "city": None,
        "created_at": inserted_at,
        "current_carrier": "telnyx",
        "end_user_name": None,
        "foc_date": None,
        "host_messaging": False,
        "id": portout_id,
        "inserted_at": inserted_at,
        "lsr": [],
        "phone_numbers": [],
        "pon": None,
        "reason": None,
        "record_type": "portout",
        "rejection_code": None,
        "requested_foc_date": None,
        "service_address": None,
        "spid": None,
        "state": None,
        "status": "pending",
        "support_key": f"PO_{portout_id[-6:]}",
        "updated_at": inserted_at,
        "user_id": USER_ID,
        "vendor": None,
        "zip": None,
    }


def is_north_american(fields: Fields) -> bool:
    """Return whether the first number is American or Canadian, so that a port-out needs a PIN."""
    return country_of(fields["phone_numbers"][0]) in ("US", "CA")


def draw_rejection(rng: Random) -> tuple[int, str | None]:
    """Return a rejection code and the customer's reason; only code 1001 requires a reason."""
    return rng.choice(REJECTIONS)


def draw_comment(rng: Random) -> str:
    """Return a comment on an order."""
    return rng.choice(COMMENTS)


def draw_pin(rng: Random) -> str:
    """Return a PIN that somebody has tried."""
    return f"{rng.randrange(10_000):04d}"


def _draw_person(rng: Random) -> Fields:
    person = rng.choice(PEOPLE)
    return {
        "authorized_name": person if rng.random() < 0.5 else None,
        "end_user_name": person,
        "service_address": f"{rng.randrange(1, 1000)} Example Street",
        "city": rng.choice(CITIES),
        "state": rng.choice(STATES),
        "zip": f"{rng.randrange(100):05d}",
        "pon": f"PON{rng.randrange(1_000_000):06d}",
        "lsr": [f"https://files.example.com/lsr/{rng.getrandbits(48):012x}.pdf"] if rng.random() < 0.3 else [],
    }
