"""What a phone number's digits determine: country, area code, and the clock where it is."""

from __future__ import annotations

from functools import cache

import phonenumbers
from phonenumbers import timezone
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

from reference_implementation.terms import Row

# Where libphonenumber names several zones, the wrong one, or none: the zone of most exchanges, from maps.
MOST_EXCHANGES = {
    **dict.fromkeys(("219", "270", "364", "448", "605", "701", "850"), "America/Chicago"),
    **dict.fromkeys(("423", "436", "679", "689", "729"), "America/New_York"),
    **dict.fromkeys(("208", "986"), "America/Boise"),
    **dict.fromkeys(("709", "879"), "America/St_Johns"),
    **dict.fromkeys(("658", "876"), "America/Jamaica"),
    "775": "America/Los_Angeles",
    "907": "America/Anchorage",
}
UNKNOWN_TO_LIBPHONENUMBER = {
    "203": "Connecticut",
    "310": "California",
    "713": "Texas",
    "718": "New York",
    "905": "Ontario",
}
STATES = {
    name: code
    for code, name in (
        line.split(" ", 1)
        for line in """\
AL Alabama
AK Alaska
AZ Arizona
AR Arkansas
CA California
CO Colorado
CT Connecticut
DE Delaware
FL Florida
GA Georgia
HI Hawaii
ID Idaho
IL Illinois
IN Indiana
IA Iowa
KS Kansas
KY Kentucky
LA Louisiana
ME Maine
MD Maryland
MA Massachusetts
MI Michigan
MN Minnesota
MS Mississippi
MO Missouri
MT Montana
NE Nebraska
NV Nevada
NH New Hampshire
NJ New Jersey
NM New Mexico
NY New York
NC North Carolina
ND North Dakota
OH Ohio
OK Oklahoma
OR Oregon
PA Pennsylvania
RI Rhode Island
SC South Carolina
SD South Dakota
TN Tennessee
TX Texas
UT Utah
VT Vermont
VA Virginia
WA Washington State
DC Washington D.C.
WV West Virginia
WI Wisconsin
WY Wyoming
AB Alberta
BC British Columbia
BC British Colombia
MB Manitoba
NB New Brunswick
NL Newfoundland and Labrador
ON Ontario
QC Quebec
SK Saskatchewan
""".splitlines()
    )
}
LACKING = {"436": "US", "679": "US", "729": "US"}
COUNTRIES_OF_ONE_CLOCK = {
    "GB": "Europe/London",
    "IE": "Europe/Dublin",
    "DE": "Europe/Berlin",
    "FR": "Europe/Paris",
    "SE": "Europe/Stockholm",
}
GEOGRAPHIC = {
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
                "place": place_name(country, area),
                "area_state": state_of(country, area),
                "number_type": type_of(number),
            }
        )
    return rows


@cache
def place(number: str | None) -> tuple[str | None, str | None]:
    try:
        parsed = phonenumbers.parse(number or "")
    except phonenumbers.NumberParseException:
        return None, None
    area = str(parsed.national_number)[:3]
    if parsed.country_code == 1 and area in LACKING:
        return LACKING[area], area
    country = phonenumbers.region_code_for_number(parsed)
    digits = phonenumbers.length_of_geographical_area_code(parsed)
    if parsed.country_code == 1 and country and phonenumbers.number_type(parsed) in GEOGRAPHIC:
        digits = 3  # the NANP islands have one area code for fixed lines and mobiles
    return country, phonenumbers.national_significant_number(parsed)[:digits] or None


def place_name(country: str | None, area: str | None) -> str | None:
    """Name the place of a North American area code."""
    if area and country in {"US", "CA"}:
        return GEOCODE_DATA.get(f"1{area}", {}).get("en") or UNKNOWN_TO_LIBPHONENUMBER[area]
    return None


def state_of(country: str | None, area: str | None) -> str | None:
    """Return the code of the state or province of an area code that lies in one."""
    place = place_name(country, area) or ""
    if len(place) > 4 and place[-4:-2] == ", ":
        return place[-2:]
    return STATES.get(place)


def type_of(number: str | None) -> str | None:
    """Return what kind of number the digits show."""
    if number and number.startswith("+1") and place(number)[1]:
        return "geographic"
    try:
        kind = phonenumbers.number_type(phonenumbers.parse(number or ""))
    except phonenumbers.NumberParseException:
        return None
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        return None
    if kind in {phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE}:
        return "geographic"
    names = {phonenumbers.PhoneNumberType.MOBILE: "mobile", phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free"}
    return names.get(kind, "non_geographic")


@cache
def clock_of(number: str | None) -> tuple[str | None, str | None]:
    """Name the zone of a number, and what it rests on."""
    country, area = place(number)
    if number and number.startswith("+1") and country and area:
        return clock_in_north_america(number[2:8], area)
    if country in COUNTRIES_OF_ONE_CLOCK:
        return COUNTRIES_OF_ONE_CLOCK[country], "country"
    if not country or not phonenumbers.is_number_geographical(parsed := phonenumbers.parse(number or "")):
        return None, None
    zones = timezone.time_zones_for_number(parsed)
    return (zones[0], "area_code") if len(zones) == 1 and zones[0] != timezone.UNKNOWN_TIMEZONE else (None, None)


def clock_in_north_america(exchange: str, area: str) -> tuple[str, str]:
    """Name the zone of an exchange that has one of its own, else that of most exchanges of the area code."""
    for length in (6, 5, 4):
        if zones := TIMEZONE_DATA.get(f"1{exchange[:length]}"):
            if len(zones) == 1:
                return zones[0], "exchange"
            break
    default = TIMEZONE_DATA.get(f"1{area}", ())
    if area in {"219", "270", "423", "850"} and f"1{exchange}" in GEOCODE_DATA:
        return default[0], "exchange"
    return MOST_EXCHANGES.get(area) or default[0], "area_code"


def zone_of(number: str | None) -> str | None:
    return clock_of(number)[0]
