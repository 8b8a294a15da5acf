"""What a phone number tells of its place: country, area code, time zone."""

from __future__ import annotations

from functools import cache

import phonenumbers
from phonenumbers import timezone

from by_hand.terms import Row

PLACED: set[int] = {
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE,
    phonenumbers.PhoneNumberType.UNKNOWN,
}


def place_numbers(order: Row) -> list[Row]:
    rows = []
    for position, number in enumerate(order.get("phone_numbers") or [], start=1):
        country, area = place(number)
        rows.append(
            {
                "portout_id": order["id"],
                "position": position,
                "phone_number": number,
                "country_code": country,
                "area_code": area,
            }
        )
    return rows


@cache
def place(number: str | None) -> tuple[str | None, str | None]:
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return None, None
    country = phonenumbers.region_code_for_number(parsed)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == 1 and country and phonenumbers.number_type(parsed) in PLACED:
        digits = 3  # the NANP islands have one area code for fixed lines and mobiles
    return country, phonenumbers.national_significant_number(parsed)[:digits] or None


@cache
def zone_of(number: str | None) -> str | None:
    """Name the first zone that a geographical number's prefix tells."""
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_number_geographical(parsed):
        return None
    zone: str = timezone.time_zones_for_number(parsed)[0]
    return None if zone == timezone.UNKNOWN_TIMEZONE else zone
