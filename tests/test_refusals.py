"""What a refusal says, and that no error, repr or log shows the key."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING

import httpx
import pytest
from fake_transport import API_KEY, Answer, FakeClock, Script, open_client, refusal
from portouts.telnyx import errors
from portouts.telnyx.client import TelnyxClient
from portouts.telnyx.clock import Clock
from portouts.telnyx.errors import (
    KeyRejected,
    NotFound,
    PermissionDenied,
    TelnyxError,
    TelnyxRefused,
    TelnyxUnavailable,
    Unprocessable,
)
from portouts.telnyx.limits.rate_limit import RateLimit
from portouts.telnyx.network import BearerAuth
from scripted_client import ask, failing, good

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.anyio

REFUSALS = [(401, KeyRejected), (403, PermissionDenied), (404, NotFound), (422, Unprocessable)]


@pytest.mark.parametrize(("status", "kind"), REFUSALS, ids=["401", "403", "404", "422"])
async def test_a_refusal_fails_at_once_in_the_words_of_the_api(status: int, kind: type[TelnyxRefused]) -> None:
    script, said = await failing([refusal(status, "10999", "No way", "The reason why.")], kind)
    assert len(script.requests) == 1
    advice = f" {kind.usual_advice}" if kind.usual_advice else ""
    assert said == f"GET /portouts: HTTP {status}: No way: The reason why [10999]." + advice


@pytest.mark.parametrize("status", [300, 301, 302, 304, 307, 308, 400, 402, 405, 409, 410, 418, 451], ids=str)
async def test_any_other_status_is_a_refusal_at_once_and_redirects_are_not_followed(status: int) -> None:
    answer = httpx.Response(status, headers={"location": "https://elsewhere.example.test/"})
    script, said = await failing([answer], TelnyxRefused)
    assert [request.url.host for request in script.requests] == ["api.example.test"]
    redirects = " It redirects to https://elsewhere.example.test/. Check TELNYX_BASE_URL."
    assert said == f"GET /portouts: HTTP {status}: no reason given that could be read." + (
        redirects if status < 400 else ""
    )


@pytest.mark.parametrize(
    ("location", "said"),
    [
        (f"https://user:{API_KEY}@h.test/login?key={API_KEY}#{API_KEY}", " It redirects to https://h.test/login."),
        (f"/v3/{API_KEY}", " It redirects to /v3/[key]."),
        (None, ""),
    ],
    ids=["credentials", "path", "none"],
)
async def test_a_redirect_is_named_without_what_may_be_secret(location: str | None, said: str) -> None:
    answer = httpx.Response(302, headers={"location": location} if location else {})
    _, message = await failing([answer], TelnyxRefused)
    advice = " Check TELNYX_BASE_URL." if said else ""
    assert message == "GET /portouts: HTTP 302: no reason given that could be read." + said + advice


async def test_a_refusal_names_the_request_id() -> None:
    _, said = await failing([httpx.Response(404, headers={"x-request-id": "req-1"}, json={"errors": []})], NotFound)
    assert said.startswith("GET /portouts: HTTP 404 (request req-1): no reason given.")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            {"errors": [{"code": "1", "title": "A", "detail": "b"}, {"code": "2", "title": "C"}]},
            "A: b [1]; C [2]",
            id="several",
        ),
        pytest.param({"errors": [{"detail": "only detail"}]}, "only detail", id="detail only"),
        pytest.param({"errors": [{"code": 10015, "title": "T", "detail": None}]}, "T [10015]", id="numeric code"),
        pytest.param({"errors": []}, "no reason given", id="none"),
        pytest.param({"errors": [{}]}, "no reason given", id="empty"),
        *(
            pytest.param({"errors": errors}, "no reason given that could be read", id=name)
            for name, errors in {
                "null": None, "a text": "bad", "a number": 5, "an object": {"title": "x"}, "nulls": [None],
                "texts": ["bad"], "lists": [["bad"]],
            }.items()
        ),
        pytest.param({"message": "bad"}, "no reason given that could be read", id="no errors"),
        pytest.param(["bad"], "no reason given that could be read", id="a list"),
        pytest.param("bad", "no reason given that could be read", id="a bare text"),
        pytest.param(None, "no reason given that could be read", id="a bare null"),
    ],
)  # fmt: skip
async def test_errors_of_any_shape_are_quoted_or_reported_as_unreadable(body: object, said: str) -> None:
    _, message = await failing([httpx.Response(400, json=body)], TelnyxRefused)
    assert message == f"GET /portouts: HTTP 400: {said}."


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422], ids=str)
async def test_a_page_of_html_is_never_quoted(status: int) -> None:
    clock = FakeClock()
    async with open_client(Script([httpx.Response(status, html="<h1>Proxy</h1>")], clock), clock) as client:
        with pytest.raises(TelnyxRefused, match="no reason given that could be read") as raised:
            await client.fetch_list("/portouts", {})
    assert "Proxy" not in str(raised.value)


def chain(error: BaseException | None) -> Iterable[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(refusal(401, "10009", f"Bad key {API_KEY}", f"Bearer {API_KEY} is unknown"), id="echoed by a 401"),
        pytest.param(refusal(400, API_KEY, "T", "d"), id="echoed as a code"),
        pytest.param(httpx.Response(500, text=API_KEY), id="echoed by a 500"),
        pytest.param(httpx.Response(200, text=API_KEY), id="echoed by a 200"),
        pytest.param(httpx.Response(200, text="", headers={"content-type": API_KEY}), id="as a content type"),
        pytest.param(httpx.ReadError(f"Bearer {API_KEY}"), id="in a transport error"),
    ],
)
async def test_the_key_is_in_no_exception_no_repr_and_no_log(answer: Answer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clock = FakeClock()
    client = open_client(Script([answer], clock), clock)
    async with client:
        with pytest.raises((TelnyxRefused, TelnyxUnavailable)) as raised:
            await client.fetch_list("/portouts", {})
    shown = [f"{error!r} {error}" for error in chain(raised.value)] + [repr(client), repr(BearerAuth(API_KEY))]
    assert API_KEY not in "\n".join([*shown, caplog.text])


async def answer_pages(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    body = b'{"data": []}'
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("pasted", ["{}", "{}\n", " {}\r\n"], ids=["bare", "newline", "spaces"])
async def test_over_a_real_socket_a_pasted_key_works_and_stays_out_of_every_log(
    pasted: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server = await asyncio.start_server(answer_pages, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    clock = FakeClock()
    async with (
        server,
        TelnyxClient(
            pasted.format(API_KEY), f"http://127.0.0.1:{port}/v2", rate_limit=RateLimit(Clock(clock, clock.sleep))
        ) as client,
    ):
        assert (await client.fetch_list("/portouts", {})).rows == []
    assert "httpcore" in {record.name.partition(".")[0] for record in caplog.records}
    assert API_KEY not in caplog.text


async def test_the_key_is_sent_as_a_bearer_token() -> None:
    script, _ = await ask([good()])
    assert script.requests[0].headers["authorization"] == f"Bearer {API_KEY}"


def drawn_errors() -> set[tuple[str, str]]:
    """Read the drawing in `telnyx/errors.py`: each error with its parent."""
    found, above = set(), ["PortoutsError"]
    for branch, name in re.findall(r"^([│├└─ ]*)([A-Z]\w+)  ", errors.__doc__ or "", re.MULTILINE):
        above = [*above[: len(branch) // 4 + 1], name]
        found.add((name, above[-2]))
    return found


def defined_errors(error: type[TelnyxError]) -> Iterator[tuple[str, str]]:
    yield error.__name__, error.__bases__[0].__name__
    for child in error.__subclasses__():
        yield from defined_errors(child)


def test_the_drawn_tree_shows_every_error_with_its_parent() -> None:
    assert drawn_errors() == set(defined_errors(TelnyxError))
