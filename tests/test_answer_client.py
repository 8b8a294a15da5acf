"""The client that answers orders: one PATCH, once, and what is known after it. Nothing that loads can reach it."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grimp
import httpx
import pytest
from fake_transport import API_KEY, BASE_URL, refusal
from portouts.telnyx.answers import AnswerClient, Kind, Reply, Request, Target

ORDER = "00000000-0000-4000-8000-000000000001"
AUTHORIZE = Request(ORDER, Target.AUTHORIZED, "Authorized")
REJECT = Request(ORDER, Target.REJECTED, "Not our customer", 1001)
SECONDS = 0.05

Handler = Callable[[httpx.Request], Any]


class Api:
    """Note every request and answer it with one function."""

    def __init__(self, handler: Handler) -> None:
        self.requests: list[httpx.Request] = []
        self._handler = handler

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._handler(request)
        if isinstance(answer, Exception):
            raise answer
        response: httpx.Response = await answer if asyncio.iscoroutine(answer) else answer
        return response

    def send(self, request: Request = AUTHORIZE) -> Reply:
        client = AnswerClient(API_KEY, BASE_URL, transport=httpx.MockTransport(self), seconds=SECONDS)
        reply = client.send(request)
        assert client.requests == len(self.requests)
        return reply


def accept(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"data": {"id": ORDER, "status": request.url.path.rpartition("/")[2]}})


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (AUTHORIZE, "authorized", {"reason": "Authorized"}),
        (REJECT, "rejected-pending", {"reason": "Not our customer", "rejection_code": 1001}),
    ],
    ids=["authorize", "reject"],
)
def test_an_answer_is_one_patch_with_what_the_api_wants(request_: Request, path: str, body: dict[str, Any]) -> None:
    api = Api(accept)
    assert api.send(request_).kind is Kind.DONE
    [sent] = api.requests
    assert (sent.method, sent.url.path) == ("PATCH", f"/portouts/{ORDER}/{path}".replace("/portouts", "/v2/portouts"))
    assert json.loads(sent.content) == body
    assert sent.headers["authorization"] == f"Bearer {API_KEY}"


def order_that_is(order_id: str, status: str) -> httpx.Response:
    return httpx.Response(200, json={"data": {"id": order_id, "status": status}})


# What comes back, or what fails; a name begins with what is known then.
COMES_BACK: dict[str, Handler] = {
    "not sent: refused": lambda _: httpx.ConnectError("refused"),
    "not sent: no connection in time": lambda _: httpx.ConnectTimeout("slow"),
    "not sent: no way through the proxy": lambda _: httpx.ProxyError("407"),
    "in doubt: reset": lambda _: httpx.ReadError("reset"),
    "in doubt: broken pipe": lambda _: httpx.WriteError("broken pipe"),
    "in doubt: disconnected": lambda _: httpx.RemoteProtocolError("disconnected"),
    "in doubt: silence": lambda _: httpx.ReadTimeout("slow"),
    "in doubt: hangs": lambda _: asyncio.Event().wait(),
    "in doubt: 500": lambda _: httpx.Response(500),
    "in doubt: 503": lambda _: httpx.Response(503, headers={"retry-after": "1"}),
    "in doubt: 408": lambda _: httpx.Response(408),
    "in doubt: text": lambda _: httpx.Response(200, text="fine"),
    "in doubt: no content": lambda _: httpx.Response(204),
    "in doubt: still pending": lambda _: order_that_is(ORDER, "pending"),
    "in doubt: another order": lambda _: order_that_is("other", "authorized"),
    "done: in upper case": lambda _: order_that_is(ORDER.upper(), "authorized"),
    "refused: redirect": lambda _: httpx.Response(302, headers={"location": "https://elsewhere.test/"}),
    "refused: redirect with the same method": lambda _: httpx.Response(307, headers={"location": "https://else.test/"}),
    "refused: 401": lambda _: refusal(401, "10009", "Authentication failed", "No"),
    "refused: 403": lambda _: refusal(403, "10010", "Authorization failed", "No"),
    "refused: 404": lambda _: refusal(404, "10005", "Resource not found", "No"),
    "refused: 409": lambda _: refusal(409, "10036", "Resource being processed", "No"),
    "refused: 422": lambda _: refusal(422, "10027", "Unprocessable entity", "No"),
    "refused: 429": lambda _: httpx.Response(429, headers={"x-ratelimit-reset": "1"}),
}


@pytest.mark.parametrize("name", COMES_BACK)
def test_whatever_comes_back_nothing_is_sent_twice(name: str) -> None:
    api = Api(COMES_BACK[name])
    assert api.send().kind == name.partition(":")[0]
    assert len(api.requests) == 1


def test_a_refusal_is_shown_in_the_words_of_the_api_and_kept_as_a_code() -> None:
    words = "The order +13125550101 of Quillon is canceled"
    reply = Api(lambda _request: refusal(422, "10027", "Unprocessable entity", words)).send()
    assert reply.message == f"PATCH /portouts/{ORDER}/authorized: HTTP 422: Unprocessable entity: {words} [10027]."
    assert reply.detail == "HTTP 422 [10027]"


def test_a_missing_right_says_which_one() -> None:
    reply = Api(lambda _request: refusal(403, "10010", "Authorization failed", "No")).send()
    assert reply.message.endswith("The key's user needs the permission to change port-out orders.")


def test_no_reply_shows_the_key() -> None:
    answers: list[Handler] = [
        lambda _request: refusal(401, "1", API_KEY, API_KEY),
        lambda _request: httpx.Response(302, headers={"location": f"https://elsewhere.test/{API_KEY}?key={API_KEY}"}),
        lambda _request: httpx.ReadError(API_KEY),
        lambda _request: httpx.Response(200, text=API_KEY),
    ]
    for answer in answers:
        assert API_KEY not in repr(Api(answer).send())


# Nothing else can answer an order


@pytest.mark.parametrize("folder", ["extract", "load", "verify", "report", "commands.loading", "commands.reading"])
def test_no_import_leads_from_what_loads_to_the_client_that_answers(folder: str) -> None:
    graph = grimp.build_graph("portouts")
    sources = graph.find_descendants(f"portouts.{folder}") | {f"portouts.{folder}"}
    chains = [graph.find_shortest_chain(source, "portouts.telnyx.answers") for source in sorted(sources)]
    assert [chain for chain in chains if chain] == []
    assert graph.find_shortest_chain("portouts.commands.jobs.answering.answer", "portouts.telnyx.answers")


def test_a_sync_loads_no_module_that_could_answer(tmp_path: Path) -> None:
    script = (
        "import sys\nimport portouts.commands.app, portouts.commands.jobs.sync, portouts.commands.jobs.verify\n"
        "print([name for name in sys.modules if name == 'portouts.telnyx.answers'])"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_other_module_sends_anything_but_get() -> None:
    package = Path(__file__).parents[1] / "pipelines" / "portouts" / "telnyx"
    verbs = (".patch(", ".post(", ".put(", ".delete(", ".request(", ".send(", '"PATCH"', '"POST"')
    found = {path.name for path in package.rglob("*.py") if any(verb in path.read_text() for verb in verbs)}
    assert found <= {"answers.py", "rate_limit.py"}
