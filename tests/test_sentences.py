"""Figures as text: no share is rounded away, counts agree with their nouns, sentences rewrite no name."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from portouts import names
from portouts.report import sentences as text

AS_OF = pd.Timestamp("2026-06-15 09:00", tz="UTC")


def test_counts_agree_with_their_nouns() -> None:
    assert [text.pluralize(count, "order") for count in (0, 1, 1288)] == ["no orders", "1 order", "1,288 orders"]


def test_shares_are_whole_percents_unless_they_are_small() -> None:
    assert [text.percent(share) for share in (0, 0.004, 0.304, 1)] == ["0%", "0.4%", "30%", "100%"]


@pytest.mark.parametrize(
    ("share", "shown"),
    [
        (0.995, "99.5%"),
        (0.9996, ">99.9%"),
        (1 - 1e-6, ">99.9%"),
        (1 - 1e-12, "100%"),
        (0.0004, "<0.1%"),
        (1e-6, "<0.1%"),
        (1e-12, "0%"),
        (0.0096, "1%"),
        (0.991, "99.1%"),
        (0.5, "50%"),
        (1.004, "100.4%"),
        (1.00001, ">100%"),
        (12.5, "1,250%"),
    ],
)
def test_only_all_is_100_percent_and_only_none_is_0(share: float, shown: str) -> None:
    assert text.percent(share) == shown


@given(st.integers(1, 10**6).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole))))
def test_no_share_of_a_count_is_rounded_to_all_or_none(parts: tuple[int, int]) -> None:
    part, whole = parts
    assert (text.percent(part / whole) == "100%") == (part == whole)
    assert (text.percent(part / whole) == "0%") == (part == 0)


@pytest.mark.parametrize(
    ("hours", "shown"),
    [
        (0, "0 min"),
        (1e-5, "<1 s"),
        (1.7 / 3600, "2 s"),
        (59.4 / 3600, "59 s"),
        (59.6 / 3600, "1 min"),
        (0.9999, "1 h"),
        (-20 / 3600, "-20 s"),
    ],
)
def test_a_time_that_is_not_0_is_never_shown_as_0(hours: float, shown: str) -> None:
    assert text.hours(hours) == shown


def test_a_count_is_compared_with_a_smaller_one_without_1_times() -> None:
    pairs = [(4, 4), (26, 25), (100_001, 100_000), (3, 2), (5, 2), (1000, 1)]
    said = ["as many as", "4% more than", "<0.1% more than", "1.5 times as many as", "2.5 times as many as"]
    assert [text.ratio(*pair) for pair in pairs] == [*said, "1,000 times as many as"]


def test_two_shares_that_differ_are_shown_so() -> None:
    pairs = [(0.1, 0.3), (0.121, 0.124), (0.12344, 0.12341), (0.5, 0.5), (0.0001, 0.0002)]
    said = [text.distinct_shares(*pair) for pair in pairs]
    assert said[:4] == [("10%", "30%"), ("12.1%", "12.4%"), ("12.344%", "12.341%"), ("50%", "50%")]
    assert said[4] == ("0.01%", "0.02%")


def test_hours_take_the_unit_that_suits_them() -> None:
    shown = [text.hours(value) for value in (0.5, 12.51, 48.0002, 100, -100)]
    assert shown == ["30 min", "12.5 h", "48 h", "4 days", "-4 days"]


def test_what_is_not_known_is_a_dash() -> None:
    shown = [text.number(pd.NA), text.percent(float("nan")), text.hours(float("nan"))]
    assert shown == [text.NO_VALUE] * 3


def test_comparisons_name_the_change_and_survive_zero() -> None:
    pairs = [(113, 100), (88, 100), (5, 5), (5, 0), (0, 0)]
    shown = [text.comparison(now, before) for now, before in pairs]
    assert shown == ["13% more than", "12% fewer than", "as many as", "after none", "just as"]


def test_instants_and_months_are_written_out() -> None:
    assert text.instant(AS_OF) == "Monday 15 June 2026, 09:00 UTC"
    assert text.instant(AS_OF, "America/New_York") == "Monday 15 June 2026, 05:00 EDT"
    assert text.month(AS_OF.date()) == "June 2026"


def test_words_are_joined_and_become_sentences() -> None:
    assert [text.join_words(words) for words in ([], ["a"], ["a", "b", "c"])] == ["", "a", "a, b and c"]
    assert text.sentence("no orders left") == "No orders left."


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("no order left", "No order left."),
        ("no order left.", "No order left."),
        (names.isolated("iBasis", "x") + " gains", "\u2068iBasis\u2069 gains."),
        ("new: " + names.isolated("Beta, Inc.", "x"), "New: \u2068Beta, Inc.\u2069"),
        ("new: " + names.isolated("Yahoo!", "x"), "New: \u2068Yahoo!\u2069"),
        ("new: " + names.isolated("eVoice", "x"), "New: \u2068eVoice\u2069."),
    ],
)
def test_a_sentence_rewrites_no_name_and_has_one_full_stop(words: str, shown: str) -> None:
    assert text.sentence(words) == shown
