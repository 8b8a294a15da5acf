"""Write pipelines/portouts/records/area_codes.csv: country, zone, place and state of North American area codes.

    python tools/area_codes.py > pipelines/portouts/records/area_codes.csv

Which codes are in service, and where, is written below by hand, after NANPA's list of area codes in service and the
list of the Canadian administrator; codes that are assigned and will open soon are there too. Where an area code spans
several clocks, its zone is that of most of the exchanges that libphonenumber's geocoder knows, by libphonenumber's own
prefixes of time zones: the script fails where the hand and the count differ. An overlay has the clock of the area code
that it overlays, whatever libphonenumber says. Below an area code stand the exchanges that have another clock and no
prefix of their own in libphonenumber. The place is libphonenumber's, or stands below where it has none.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA
from portouts.records.time_zones import offset_at, rules_version, time_zone

# Country, zone, area codes in service: a state or province a line, split where zones are.
PLACES = [
    ("US", "America/Chicago", "205 251 256 334 483 659 938"),  # Alabama
    ("US", "America/Anchorage", "907"),  # Alaska
    ("US", "America/Phoenix", "480 520 602 623 928"),  # Arizona
    ("US", "America/Chicago", "327 479 501 870"),  # Arkansas
    ("US", "America/Los_Angeles", "209 213 279 310 323 341 350 357 369 408 415 424 442 510 530 559 562 619 626 628"),
    (
        "US",
        "America/Los_Angeles",
        "650 657 661 669 707 714 738 747 760 805 818 820 831 837 840 858 909 916 925 949 951",
    ),
    ("US", "America/Denver", "303 719 720 748 970 983"),  # Colorado
    ("US", "America/New_York", "203 475 860 959"),  # Connecticut
    ("US", "America/New_York", "202 302 771"),  # Washington DC, Delaware
    ("US", "America/New_York", "239 305 321 324 352 386 407 561 645 656 689 727 728 754 772 786 813 863 904 941 954"),
    ("US", "America/Chicago", "448 850"),  # the west of Florida
    ("US", "America/New_York", "229 404 470 478 565 678 706 762 770 912 943"),  # Georgia
    ("US", "Pacific/Honolulu", "808"),  # Hawaii
    ("US", "America/Boise", "208 986"),  # Idaho
    ("US", "America/Chicago", "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872"),  # Illinois
    ("US", "America/Chicago", "219"),  # the north-west of Indiana
    ("US", "America/New_York", "260 317 463 574 765 812 930"),  # Indiana
    ("US", "America/Chicago", "319 515 563 641 712"),  # Iowa
    ("US", "America/Chicago", "316 620 785 913"),  # Kansas
    ("US", "America/Chicago", "270 364"),  # the west of Kentucky
    ("US", "America/New_York", "502 606 859"),  # Kentucky
    ("US", "America/Chicago", "225 318 337 457 504 985"),  # Louisiana
    ("US", "America/New_York", "207 227 240 301 410 443 667"),  # Maine, Maryland
    ("US", "America/New_York", "339 351 413 508 617 774 781 857 978"),  # Massachusetts
    ("US", "America/New_York", "231 248 269 313 517 586 616 679 734 810 906 947 989"),  # Michigan
    ("US", "America/Chicago", "218 320 507 612 651 763 924 952"),  # Minnesota
    ("US", "America/Chicago", "228 471 601 662 769"),  # Mississippi
    ("US", "America/Chicago", "235 314 417 557 573 636 660 816 975"),  # Missouri
    ("US", "America/Denver", "406"),  # Montana
    ("US", "America/Chicago", "308 402 531"),  # Nebraska
    ("US", "America/Los_Angeles", "702 725 775"),  # Nevada
    ("US", "America/New_York", "603"),  # New Hampshire
    ("US", "America/New_York", "201 551 609 640 732 848 856 862 908 973"),  # New Jersey
    ("US", "America/Denver", "505 575"),  # New Mexico
    ("US", "America/New_York", "212 315 329 332 347 363 465 516 518 585 607 624 631 646 680 716 718 838 845 914"),
    ("US", "America/New_York", "917 929 934"),  # New York
    ("US", "America/New_York", "252 336 472 704 743 828 910 919 980 984"),  # North Carolina
    ("US", "America/Chicago", "701"),  # North Dakota
    ("US", "America/New_York", "216 220 234 283 326 330 380 419 436 440 513 567 614 740 937"),  # Ohio
    ("US", "America/Chicago", "405 539 572 580 918"),  # Oklahoma
    ("US", "America/Los_Angeles", "458 503 541 971"),  # Oregon
    ("US", "America/New_York", "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878"),  # Pennsylvania
    ("US", "America/New_York", "401"),  # Rhode Island
    ("US", "America/New_York", "803 821 839 843 854 864"),  # South Carolina
    ("US", "America/Chicago", "605"),  # South Dakota
    ("US", "America/New_York", "423 729 865"),  # the east of Tennessee
    ("US", "America/Chicago", "615 629 731 901 931"),  # Tennessee
    (
        "US",
        "America/Chicago",
        "210 214 254 281 325 346 361 409 430 432 469 512 621 682 713 726 737 806 817 830 832 903",
    ),
    ("US", "America/Chicago", "936 940 945 956 972 979"),  # Texas
    ("US", "America/Denver", "915"),  # El Paso
    ("US", "America/Denver", "385 435 801"),  # Utah
    ("US", "America/New_York", "802"),  # Vermont
    ("US", "America/New_York", "276 434 540 571 686 703 757 804 826 948"),  # Virginia
    ("US", "America/Los_Angeles", "206 253 360 425 509 564"),  # Washington
    ("US", "America/New_York", "304 681"),  # West Virginia
    ("US", "America/Chicago", "262 274 353 414 534 608 715 920"),  # Wisconsin
    ("US", "America/Denver", "307"),  # Wyoming
    ("CA", "America/Edmonton", "368 403 587 780 825"),  # Alberta
    ("CA", "America/Vancouver", "236 250 257 604 672 778"),  # British Columbia
    ("CA", "America/Winnipeg", "204 431 584"),  # Manitoba
    ("CA", "America/Halifax", "428 506 782 902"),  # New Brunswick, Nova Scotia, Prince Edward Island
    ("CA", "America/St_Johns", "709 879"),  # Newfoundland and Labrador
    ("CA", "America/Toronto", "226 249 289 343 365 382 387 416 437 519 537 548 613 647 683 705 742 753 807 905 942"),
    ("CA", "America/Toronto", "263 273 354 367 418 438 450 468 514 579 581 819 873"),  # Ontario above, Quebec here
    ("CA", "America/Regina", "306 474 639"),  # Saskatchewan
    ("CA", "America/Edmonton", "867"),  # the territories: the Northwest Territories have the most exchanges
    ("AG", "America/Antigua", "268"),
    ("AI", "America/Anguilla", "264"),
    ("AS", "Pacific/Pago_Pago", "684"),
    ("BB", "America/Barbados", "246"),
    ("BM", "Atlantic/Bermuda", "441"),
    ("BS", "America/Nassau", "242"),
    ("DM", "America/Dominica", "767"),
    ("DO", "America/Santo_Domingo", "809 829 849"),
    ("GD", "America/Grenada", "473"),
    ("GU", "Pacific/Guam", "671"),
    ("JM", "America/Jamaica", "658 876"),
    ("KN", "America/St_Kitts", "869"),
    ("KY", "America/Cayman", "345"),
    ("LC", "America/St_Lucia", "758"),
    ("MP", "Pacific/Saipan", "670"),
    ("MS", "America/Montserrat", "664"),
    ("PR", "America/Puerto_Rico", "787 939"),
    ("SX", "America/Lower_Princes", "721"),
    ("TC", "America/Grand_Turk", "649"),
    ("TT", "America/Port_of_Spain", "868"),
    ("VC", "America/St_Vincent", "784"),
    ("VG", "America/Tortola", "284"),
    ("VI", "America/St_Thomas", "340"),
]
# Exchanges of which libphonenumber's prefixes are known to be wrong: the Yukon has left Vancouver's clock in 2020, and
# Unalaska has Alaska's.
CORRECTIONS = {
    **dict.fromkeys(["867393", "867456", "867536", "867633", "867667", "867668", "867993"], "America/Whitehorse"),
    "867766": "America/Edmonton",  # Yellowknife
    "907581": "America/Anchorage",
}
# Places of area codes that libphonenumber has none of. Elsewhere, the country is the place.
MISSING_PLACES = {
    "203": "Connecticut",
    "310": "California",
    "357": "California",
    "387": "Ontario",
    "436": "Ohio",
    "457": "Louisiana",
    "465": "New York",
    "471": "Mississippi",
    "483": "Alabama",
    "537": "Ontario",
    "565": "Georgia",
    "621": "Texas",
    "624": "New York",
    "679": "Michigan",
    "713": "Texas",
    "718": "New York",
    "729": "Tennessee",
    "837": "California",
    "861": "Illinois",
    "905": "Ontario",
    "924": "Minnesota",
}
ISLANDS = {
    "AG": "Antigua and Barbuda",
    "AI": "Anguilla",
    "AS": "American Samoa",
    "BB": "Barbados",
    "BM": "Bermuda",
    "BS": "Bahamas",
    "DM": "Dominica",
    "DO": "Dominican Republic",
    "GD": "Grenada",
    "GU": "Guam",
    "JM": "Jamaica",
    "KN": "Saint Kitts and Nevis",
    "KY": "Cayman Islands",
    "LC": "Saint Lucia",
    "MP": "Northern Mariana Islands",
    "MS": "Montserrat",
    "PR": "Puerto Rico",
    "SX": "Sint Maarten",
    "TC": "Turks and Caicos Islands",
    "TT": "Trinidad and Tobago",
    "VC": "Saint Vincent and the Grenadines",
    "VG": "British Virgin Islands",
    "VI": "U.S. Virgin Islands",
}
# A place is a state or province, or a city with the code of one after a comma. Nova Scotia and Prince Edward Island
# share their area codes, and so do the territories: these have no code here. libphonenumber misspells one province.
STATES = {
    "Alabama": "AL",
    "Alaska": "AK",
    "Arizona": "AZ",
    "Arkansas": "AR",
    "California": "CA",
    "Colorado": "CO",
    "Connecticut": "CT",
    "Delaware": "DE",
    "Florida": "FL",
    "Georgia": "GA",
    "Hawaii": "HI",
    "Idaho": "ID",
    "Illinois": "IL",
    "Indiana": "IN",
    "Iowa": "IA",
    "Kansas": "KS",
    "Kentucky": "KY",
    "Louisiana": "LA",
    "Maine": "ME",
    "Maryland": "MD",
    "Massachusetts": "MA",
    "Michigan": "MI",
    "Minnesota": "MN",
    "Mississippi": "MS",
    "Missouri": "MO",
    "Montana": "MT",
    "Nebraska": "NE",
    "Nevada": "NV",
    "New Hampshire": "NH",
    "New Jersey": "NJ",
    "New Mexico": "NM",
    "New York": "NY",
    "North Carolina": "NC",
    "North Dakota": "ND",
    "Ohio": "OH",
    "Oklahoma": "OK",
    "Oregon": "OR",
    "Pennsylvania": "PA",
    "Rhode Island": "RI",
    "South Carolina": "SC",
    "South Dakota": "SD",
    "Tennessee": "TN",
    "Texas": "TX",
    "Utah": "UT",
    "Vermont": "VT",
    "Virginia": "VA",
    "Washington State": "WA",
    "Washington D.C.": "DC",
    "West Virginia": "WV",
    "Wisconsin": "WI",
    "Wyoming": "WY",
    "Alberta": "AB",
    "British Columbia": "BC",
    "British Colombia": "BC",
    "Manitoba": "MB",
    "New Brunswick": "NB",
    "Newfoundland and Labrador": "NL",
    "Ontario": "ON",
    "Quebec": "QC",
    "Saskatchewan": "SK",
}
MONTHS = [datetime(2026, month, 15, tzinfo=UTC) for month in range(1, 13)]

Clock = tuple[timedelta, ...]


def clock(zone: str) -> Clock:
    """Describe a clock: its distance from UTC in each month of a year."""
    return tuple(offset_at(time_zone(zone), month) for month in MONTHS)


def zones_of(prefix: str) -> tuple[tuple[str, ...], int]:
    """Return the zones of a prefix by libphonenumber, and the length of the prefix that says so."""
    length = next(length for length in range(len(prefix), 0, -1) if prefix[:length] in TIMEZONE_DATA)
    return TIMEZONE_DATA[prefix[:length]], length


def exchanges_of(area: str) -> dict[str, tuple[str, bool]]:
    """Return the zone of each exchange that libphonenumber's geocoder knows, and whether it has a prefix of its own."""
    known = [prefix for prefix in GEOCODE_DATA if prefix.startswith(f"1{area}") and len(prefix) == 7]
    found = {prefix: zones_of(prefix) for prefix in sorted(known)}
    return {prefix[1:]: (zones[0], length > 4) for prefix, (zones, length) in found.items() if len(zones) == 1}


def place_of(area: str, country: str) -> str:
    """Name the city, state or province of an area code, or the island."""
    if country in ISLANDS:
        return ISLANDS[country]
    known = GEOCODE_DATA.get(f"1{area}", {}).get("en")
    return known or MISSING_PLACES[area]


def state_of(place: str, country: str) -> str:
    """Return the code of the state or province of a place; an empty text if it is not one."""
    return place.rpartition(", ")[2] if ", " in place else STATES.get(place, "") if country in ("US", "CA") else ""


def main() -> None:
    rows = csv.writer(sys.stdout, lineterminator="\n")
    print(
        "# Country, time zone, place and state or province of each North American area code, and of exchanges of "
        "another zone than their area code's.\n"
        f"# Written by tools/area_codes.py on {datetime.now(UTC):%Y-%m-%d}: NANPA's area codes in "
        f"service, libphonenumber {phonenumbers.__version__}, tzdata {rules_version()}.\n"
        "prefix,country_code,time_zone,place,state"
    )
    for area, country, zone in sorted((a, c, z) for c, z, areas in PLACES for a in areas.split()):
        exchanges = exchanges_of(area)
        by_clock = Counter(clock(CORRECTIONS.get(prefix, found)) for prefix, (found, _) in exchanges.items())
        if by_clock and by_clock[clock(zone)] < max(by_clock.values()):
            sys.exit(f"{area}: most exchanges do not have the clock of {zone}")
        place = place_of(area, country)
        rows.writerow([area, country, zone, place, state_of(place, country)])
        for prefix, (found, is_own) in exchanges.items():
            if prefix in CORRECTIONS:
                rows.writerow([prefix, country, CORRECTIONS[prefix], "", ""])
            elif not is_own and clock(found) != clock(zone) and area != "867":
                rows.writerow([prefix, country, found, "", ""])


main()
