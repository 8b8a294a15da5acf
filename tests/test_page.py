"""What the client reads from a body that is not quite JSON, or not the list that was asked for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from fake_transport import FakeClock, Script, envelope, open_client
from portouts.telnyx.errors import (
    TelnyxUnavailable,
)
from portouts.telnyx.request import ATTEMPTS
from scripted_client import PAGE, ask, failing, good

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.anyio


def body(text: bytes, **fields: Any) -> httpx.Response:
    return httpx.Response(200, content=text, **fields)


def answered(row: bytes) -> httpx.Response:
    """Answer a page whose second of three rows is this."""
    return body(b'{"data": [{"id": "a"}, ' + row + b', {"id": "c"}], "meta": {"total_results": 3}}')


DEEP = b"[" * 99_999 + b"]" * 99_999
READABLE = [
    pytest.param(rb'{"id": "b", "x": "\ud800"}', {"id": "b", "x": "\ufffd"}, "half a surrogate pair", id="half a pair"),
    pytest.param(
        rb'{"id": "b", "\udc00": "\ud83d\ude00"}', {"id": "b", "\ufffd": "\U0001f600"}, "half", id="in a name"
    ),
    pytest.param(b'{"id": "b", "x": "\xff"}', {"id": "b", "x": "\ufffd"}, "what is no character", id="no UTF-8"),
    pytest.param(
        b'{"id": "b", "x": "' + b"\xe2\x82" + b'"}', {"id": "b", "x": "\ufffd"}, "no character", id="half UTF-8"
    ),
    pytest.param(b'{"id": "b", "x": "a\tb\nc"}', {"id": "b", "x": "a\tb\nc"}, "", id="control characters"),
    pytest.param(b"null", None, "", id="a row that is null"),
    pytest.param(b'["id", "b"]', ["id", "b"], "", id="a row that is a list"),
    pytest.param(b"5", 5, "", id="a row that is a number"),
]
NUMBERS = [b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e999", b"9" * 5_000]


@pytest.mark.parametrize(("row", "read", "said"), READABLE)
async def test_a_row_that_is_not_quite_json_is_read_and_its_fault_is_named(row: bytes, read: object, said: str) -> None:
    script, found = await ask([answered(row)])
    assert (found.rows, len(script.requests)) == ([{"id": "a"}, read, {"id": "c"}], 1)
    assert [one for one in list(found.mended) if said and one.startswith("row 2 (id b): ") and said in one] == (
        list(found.mended)
    )
    assert bool(list(found.mended)) is bool(said)


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:9].decode())
async def test_an_invalid_number_leaves_the_rest_of_its_page_readable(number: bytes) -> None:
    _, found = await ask([answered(b'{"id": "b", "x": {"y": [' + number + b"]}}")])
    assert [row["id"] for row in found.rows] == ["a", "b", "c"]
    assert found.rows[1]["x"]["y"][0].text == number.decode()
    assert list(found.mended) == ["row 2 (id b): a number that is none"]


@pytest.mark.parametrize("deep", [DEEP, b'{"a":' * 99_999 + b"1" + b"}" * 99_999], ids=["lists", "objects"])
async def test_a_value_nested_too_deep_is_left_out_and_its_row_is_named(deep: bytes) -> None:
    _, found = await ask([answered(b'{"id": "b", "x": ' + deep + b', "y": "]"}')])
    assert [row["id"] for row in found.rows] == ["a", "b", "c"]
    assert found.rows[1]["y"] == "]"
    assert list(found.mended) == ["row 2 (id b): a value nested more than 100 deep"]


@pytest.mark.parametrize(
    ("encode", "fields"),
    [
        (lambda text: b"\xef\xbb\xbf" + text.encode(), {}),
        (lambda text: text.encode("utf-16"), {}),
        (lambda text: text.encode("latin-1"), {"headers": {"content-type": "application/json; charset=latin-1"}}),
    ],
    ids=["byte-order mark", "UTF-16", "Latin-1, and said so"],
)
async def test_a_body_in_another_encoding_is_read(encode: Callable[[str], bytes], fields: dict[str, Any]) -> None:
    page = json.dumps(envelope([{"id": "a", "carrier_name": "Télécom Example"}], 1), ensure_ascii=False)
    script, found = await ask([body(encode(page), **fields)])
    assert (found.rows[0]["carrier_name"], len(script.requests)) == ("Télécom Example", 1)


@pytest.mark.parametrize("total", [0, 0.0, "0"], ids=repr)
@pytest.mark.parametrize("data", [{"data": None}, {}], ids=["null", "left out"])
async def test_an_empty_list_that_comes_as_null_is_empty(data: dict[str, None], total: object) -> None:
    script, found = await ask([httpx.Response(200, json={**data, "meta": {"total_results": total}})])
    assert (found.rows, len(script.requests)) == ([], 1)


@pytest.mark.parametrize("total", [1, None, "1", -1, False], ids=repr)
async def test_null_in_place_of_rows_is_a_failure_after_the_second_try(total: object) -> None:
    script, said = await failing([httpx.Response(200, json={"data": None, "meta": {"total_results": total}})],
                                 TelnyxUnavailable)  # fmt: skip
    assert len(script.requests) == 2
    assert "whose `data` is missing or null, not a list" in said


async def test_a_complete_page_that_cannot_be_read_is_reported_with_row_and_cause_after_the_second_try() -> None:
    script, clock = Script([answered(b'{"id": "b", "x": }')], FakeClock()), FakeClock()
    async with open_client(script, clock) as client:
        with pytest.raises(TelnyxUnavailable) as raised:
            await client.fetch_list("/portouts", {"page[number]": "3"})
    assert len(script.requests) == 2
    assert str(raised.value) == (
        "GET /portouts (page[number]=3): the API answers the same twice and it cannot be read: an answer that is no "
        "whole JSON (row 2, character 40: Expecting value). Ask Telnyx about this page."
    )


async def test_a_page_that_is_unreadable_once_is_tried_again() -> None:
    script, found = await ask([answered(b"{,}"), answered(b"{;}"), good()])
    assert (found.rows, len(script.requests)) == (PAGE.rows, 3)


async def test_a_body_that_is_cut_off_in_the_same_place_gets_all_tries() -> None:
    script, _ = await failing([body(b'{"data": [{"id": "a"}, {"id": "b", "x": "')], TelnyxUnavailable)
    assert len(script.requests) == ATTEMPTS
