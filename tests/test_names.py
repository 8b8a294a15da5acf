"""Names from the data: what cannot be seen is removed, and no name breaks or turns the text around it."""

from __future__ import annotations

from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from portouts import names


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Prairie Telephone Company", "Prairie Telephone…"),
        ("Prairie Telephone", "Prairie Telephone"),
        ("W" * 140, "W" * 17 + "…"),
        ("\u65e5" * 9, "\u65e5" * 9),
        ("\u65e5" * 10, "\u65e5" * 8 + "…"),
        ("a" + "\u0301" * 90, "a" + "\u0301" * 70 + "…"),
        ("\u202eevil\x00\ud800 Tel\n\n2", "evil Tel 2"),
        (None, ""),
    ],
    ids=["cut at a blank", "as it is", "one word", "wide", "wide and cut", "accents", "unseen", "missing"],
)
def test_a_name_is_cut_by_its_width_and_loses_what_cannot_be_seen(name: str | None, shown: str) -> None:
    assert names.label(name, 18) == shown


@pytest.mark.parametrize("name", [None, "", " \t", "\x00\u202e", "\u200b", pd.NA], ids=repr)
def test_a_name_without_a_visible_character_is_replaced_by_our_word(name: object) -> None:
    assert names.isolated(name, "an unnamed carrier") == "an unnamed carrier"


@given(st.text(max_size=80))
def test_no_name_turns_or_breaks_the_html_around_it(name: str) -> None:
    html = names.as_html(f"by {names.isolated(name, 'nobody')} or {name}")
    assert not set(html) & set("\x00\x07\n\u2028\u2029\u202a\u202e\u2066\u2068\u2069\ufffe")
    [element] = ElementTree.fromstring(f"<p>{html}</p>").iter("bdi") if "<bdi>" in html else [None]  # noqa: S314 - ours
    assert element is None or list(element) == []
