"""Kaplan-Meier in SQL against the one of `lifelines`, which nobody here has written."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

import duckdb
import pytest
from lifelines import KaplanMeierFitter  # type: ignore[import-untyped]  # lifelines has no annotations
from mart_comparison import read
from order_histories import World, create_raw
from portouts.transform.build import build_models
from portouts.transform.inputs import ModelInputs

Row = dict[str, Any]

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
ANSWERS = ("authorized", "rejected-pending", "ported")
CENSORED = ("canceled", "rejected", "on-hold")


class Spell(NamedTuple):
    """A pending spell, as survival analysis knows it."""

    inserted_at: datetime
    lasted: timedelta
    end: str
    """The next status; `pending` while the spell goes on."""

    @property
    def is_answered(self) -> bool:
        return self.end in ANSWERS

    @property
    def hours(self) -> float:
        return self.lasted / timedelta(hours=1)


def random_spells(seed: int, count: int, ends: tuple[str, ...], steps: int, months: int = 3) -> list[Spell]:
    """Draw spells of 0 to 60 hours, of which only as many `steps` differ: the fewer, the more ties."""
    chance = random.Random(seed)
    spells = []
    for _ in range(count):
        lasted, end = timedelta(hours=60) * chance.randrange(steps) / steps, chance.choice(ends)
        age = lasted if end == "pending" else timedelta(minutes=chance.randrange(4_000, months * 30 * 24 * 60))
        spells.append(Spell(AS_OF - age, lasted, end))
    return spells


SAMPLES = {
    "ties and all kinds of ends": random_spells(1, 300, (*ANSWERS, *CENSORED, "pending"), steps=40),
    "hardly a tie": random_spells(2, 400, (*ANSWERS, *ANSWERS, *CENSORED, "pending"), steps=1_000_003),
    "everybody at the same hours": random_spells(3, 200, (*ANSWERS, *CENSORED, "pending"), steps=3),
    "everybody answered": random_spells(4, 150, ANSWERS, steps=60),
    "nobody answered": random_spells(5, 80, (*CENSORED, "pending"), steps=60),
    "mostly censored": random_spells(6, 300, ("authorized", *CENSORED * 6, "pending"), steps=7),
    "one answer": random_spells(7, 1, ANSWERS, steps=60),
    "one that waits": random_spells(8, 1, ("pending",), steps=60),
    "exactly half": [Spell(AS_OF - timedelta(days=9), timedelta(hours=hours), "authorized") for hours in (1, 2, 3, 4)],
}


class Sample(NamedTuple):
    """Spells, and the marts built of them."""

    spells: list[Spell]
    survival: list[Row]
    months: list[Row]


@pytest.fixture(scope="module", params=SAMPLES.values(), ids=list(SAMPLES))
def sample(request: pytest.FixtureRequest) -> Sample:
    world = World(as_of=AS_OF)
    for number, spell in enumerate(request.param):
        id_ = world.add_order(number, spell.inserted_at, spell.end)
        if spell.end != "pending":
            world.add_event(id_, spell.end, spell.inserted_at + spell.lasted)
    with duckdb.connect() as connection:
        create_raw(connection, world)
        build_models(connection, ModelInputs(AS_OF))
        survival, months = (read(connection, f"agg_response_{name}") for name in ("survival", "latency_monthly"))
    return Sample(request.param, sorted(survival, key=lambda row: float(row["hours"])), months)


def fit(spells: list[Spell]) -> KaplanMeierFitter:
    return KaplanMeierFitter().fit([spell.hours for spell in spells], [spell.is_answered for spell in spells])


def median_of(spells: list[Spell]) -> float:
    """Take the curve of lifelines; where it stays at one half, the middle, while lifelines takes the beginning."""
    fitted = fit(spells)
    curve = fitted.survival_function_[fitted.label]
    beginning, end = (curve[curve <= share].index.min() for share in (0.5 + 1e-9, 0.5 - 1e-9))
    if not curve.min() <= 0.5 + 1e-9:
        return float("inf")
    return float(beginning if not curve.min() < 0.5 - 1e-9 else (beginning + end) / 2)


def test_the_survival_curve_equals_that_of_lifelines(sample: Sample) -> None:
    fitted = fit(sample.spells)
    table = fitted.event_table[fitted.event_table["removed"] > 0]  # it begins with a row of those who enter
    assert [row["hours"] for row in sample.survival] == pytest.approx(list(table.index), abs=1e-6)
    for name, theirs in (("at_risk", "at_risk"), ("responded", "observed"), ("censored", "censored")):
        assert [row[name] for row in sample.survival] == list(table[theirs]), name
    shares = fitted.survival_function_at_times(table.index)
    assert [row["still_pending_share"] for row in sample.survival] == pytest.approx(list(shares), abs=1e-9)


def test_the_median_of_every_month_equals_that_of_lifelines(sample: Sample) -> None:
    months: dict[date, list[Spell]] = {}
    for spell in sample.spells:
        months.setdefault(spell.inserted_at.date().replace(day=1), []).append(spell)
    medians = {month: median_of(theirs) for month, theirs in months.items()}
    found = {row["month"]: row["median_hours_censored"] for row in sample.months}
    assert found == pytest.approx({month: None if hours == float("inf") else hours for month, hours in medians.items()})


def test_without_censoring_the_median_is_the_plain_one() -> None:
    for name in ("everybody answered", "one answer", "exactly half"):
        spells = SAMPLES[name]
        assert median_of(spells) == pytest.approx(statistics.median(spell.hours for spell in spells)), name


def test_the_samples_show_what_they_are_named_for() -> None:
    medians = {name: fit(spells).median_survival_time_ for name, spells in SAMPLES.items()}
    assert {name for name, hours in medians.items() if hours == float("inf")} == {
        "nobody answered",
        "one that waits",
        "mostly censored",
    }
    assert medians["exactly half"] == 2
    assert median_of(SAMPLES["exactly half"]) == 2.5
    assert len({spell.hours for spell in SAMPLES["everybody at the same hours"]}) == 3
