"""Write sql/seeds/holidays.csv: the public holidays of countries on the working days on which they are observed.

    pip install holidays
    python tools/public_holidays.py > sql/seeds/holidays.csv

United States and their territories: federal holidays. Canada: the general holidays of federal employers, telephone
companies among them, without those of provinces. Great Britain: the bank holidays of England and Wales. Ireland: public
holidays. Germany: those of all its states.
"""

from __future__ import annotations

import csv
import sys
from datetime import UTC, datetime

import holidays

YEARS = range(2009, 2041)
TERRITORIES = ("AS", "GU", "MP", "PR", "VI")
CALENDARS = {
    "US": {"categories": ("public",)},
    "CA": {"categories": ("public", "government")},
    "GB": {"subdiv": "ENG"},
    "IE": {},
    "DE": {},
}

# The library dates the national day of mourning of 2001 ten years later.
ERRORS = {("IE", "2011-09-14")}


def main() -> None:
    print(
        f"# Written by tools/public_holidays.py on {datetime.now(UTC):%Y-%m-%d} with the package holidays "
        f"{holidays.__version__}: working days of {YEARS[0]} to {YEARS[-1]} on which offices are closed."
    )
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(["holiday_on", "country_code", "name"])
    for country, calendar in CALENDARS.items():
        found = holidays.country_holidays(country, years=YEARS, **calendar)
        days = [
            (day.isoformat(), name) for day, name in sorted(found.items()) if day.weekday() < 5 and day.year in YEARS
        ]
        for closed in (country, *TERRITORIES) if country == "US" else (country,):
            writer.writerows((day, closed, name) for day, name in days if (closed, day) not in ERRORS)


main()
