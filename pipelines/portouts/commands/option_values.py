"""What the values of options mean: each parser returns a value or refuses the text with what is allowed."""

from __future__ import annotations

import re
from datetime import timedelta
from enum import StrEnum
from typing import Literal, cast, get_args

import typer

from portouts.verify.count_buckets import Depth

VERIFY_DEPTHS = ("none", *Depth)
MINUTES = ("5", "10", "15", "20", "30", "60")


def parse_verify(text: str) -> Depth | None:
    """Parse `--verify`: a depth, or `none`. `full` is the former name of `month`."""
    if text not in (*VERIFY_DEPTHS, "full"):
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(VERIFY_DEPTHS)}.")
    return None if text == "none" else Depth("month" if text == "full" else text)


def parse_order_name(text: str) -> str:
    """Parse ORDER without the blanks around it; refuse a text that is neither an id nor a support key."""
    if not text.strip() or not text.strip().isprintable():
        raise typer.BadParameter(f"{text!r} is neither an id nor a support key, such as PO_05fe32.")
    return text.strip()


def parse_minutes(text: object) -> int:
    """Parse `--every`: minutes that divide an hour, because cron and systemd list the minutes of an hour."""
    minutes = str(text).removesuffix("m")  # the default comes as a number
    if minutes not in MINUTES:
        raise typer.BadParameter(f"{text!r} is not one of {', '.join(MINUTES)} minutes.")
    return int(minutes)


_DURATION = re.compile(r"\s*([0-9]{1,5}(?:\.[0-9]{1,6})?)\s*([mhd])\s*")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: str) -> timedelta:
    """Parse a duration such as 90m, 2h, 1.5h or 1d."""
    found = _DURATION.fullmatch(text)
    duration = timedelta(**{_UNITS[found[2]]: float(found[1])}) if found else timedelta()
    if not duration:
        raise typer.BadParameter(f"{text!r} is no duration above 0, such as 90m, 2h or 1d.")
    return duration


class Engine(StrEnum):
    """What runs the models."""

    DUCKDB = "duckdb"
    SPARK = "spark"


PiiMode = Literal["hash", "drop"]


def parse_pii(text: str) -> PiiMode:
    """Parse `--pii` of `redact`: hash or drop."""
    if text == "keep":
        raise typer.BadParameter(
            "keep masks nothing, and hashed or dropped values cannot be restored. `portouts sync --full` with "
            "pii = keep reads everything from Telnyx again."
        )
    if text not in get_args(PiiMode):
        raise typer.BadParameter(f"{text!r} is neither hash nor drop.")
    return cast("PiiMode", text)
