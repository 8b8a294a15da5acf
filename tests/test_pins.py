"""PINs in texts: what is removed, and what only looks like one."""

from __future__ import annotations

import pytest
from portouts.records.pins import MASK, text_without_pins

PIN = "8642"


@pytest.mark.parametrize(
    "text",
    [
        "my PIN is {}",
        "My PIN: {}, thanks",
        "PIN {}",
        "pin#{}",
        "PIN-{}",
        "PIN{}",
        "pin ({})",
        "Pin no. {}",
        "port-out pin was {}.",
        "{} is my PIN",
        "the pin for this account is {}",
        "PIN codes: 1111 and 2222, {}",
        "transfer PIN 1111/{}",
        "pass code {}",
        "passcode={}",
        "the passcode: hunter{}",
        "attempted_pin = '{}'",
        "PIN\n{}",
        "https://files.example.test/a?pin={}&b=2",
        "https://files.example.test/a?q=%7B%22pin%22%3A%22{}%22%7D",
        "<pin>{}</pin>",
        "{{'pins': ['{}', '1111']}}",
        '{{"pin": "{}", "cut off',
        '{{"a": {{"p\\u0069n": {}}}}}',
        '"{{\\"pin\\":{}}}"',
    ],
)
def test_the_pin_of_a_text_is_removed_once_and_for_all(text: str) -> None:
    cleared = text_without_pins(text.format(PIN))
    assert PIN not in cleared
    assert text_without_pins(cleared) == cleared


@pytest.mark.parametrize(
    "text",
    [
        "Shipping to Pinecrest 8642",
        "4512 Pin Oak Ln, Example TX 77081",
        "PIN OAK COURT 1204",
        "Invalid PIN",
        "wrong pin. Order 8642 follows",
        "PIN mismatch for +12125550100",
        "https://files.example.test/spin?order=8642",
        '{"shipping": "8642",  "a": 1}',
        '{"pin_required": true}',
        "a text of no interest",
        "",
    ],
)
def test_a_text_without_a_pin_stays_as_it_is(text: str) -> None:
    assert text_without_pins(text) == text


def test_what_stands_around_a_pin_stays() -> None:
    assert text_without_pins("Our PIN is 8642 since May.") == f"Our PIN is {MASK} since May."
    assert text_without_pins('{"pin":"8642","a":[1,null]}') == '{"a":[1,null]}'
