"""What is known of the locked packages: advisories, as far as a source can be reached, and a bill of materials."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from portouts_sandbox import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

pytestmark = pytest.mark.slow  # a process a test

ROOT = Path(__file__).parents[1]
LOCK = "--only-binary :all:\n\nsniffio==1.3.1 \\\n    --hash=sha256:{0}\ntyper==0.26.0 \\\n    --hash=sha256:{0}\n"
# The release by which tools/audit.py recognises a source of advisories.
CANARY = {"jinja2": "PYSEC-2014-8"}


def source_of_advisories(known: Mapping[str, str]) -> Starlette:
    """Answer as OSV does: package → the vulnerability of each of its releases."""

    async def query(request: Request) -> Response:
        name = (await request.json())["package"]["name"]
        found = [{"id": known[name], "details": "for a test", "affected": []}] if name in known else []
        return JSONResponse({"vulns": found} if found else {})

    return Starlette(routes=[Route("/v2/query", query, methods=["POST"])])


def audited(tmp_path: Path, osv_url: str) -> tuple[int, str]:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK.format("0" * 64))
    command = [sys.executable, str(ROOT / "tools" / "audit.py"), str(lock), "--osv-url", osv_url]
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    return ended.returncode, ended.stdout


@pytest.mark.parametrize(
    ("known", "code", "said"),
    [
        (CANARY, 0, "audit: 2 packages compared with the advisories of osv\n"),
        ({**CANARY, "typer": "PYSEC-2026-1"}, 1, "audit: typer 0.26.0: PYSEC-2026-1, fixed in no release\n"),
        ({}, 0, "audit: not run: no source of advisories can be reached\n"),
    ],
    ids=["nothing known", "a vulnerability", "a mirror without advisories"],
)
def test_a_known_vulnerability_fails_and_a_source_without_advisories_counts_as_none(
    known: Mapping[str, str], code: int, said: str, tmp_path: Path
) -> None:
    with running(source_of_advisories(known)) as base_url:
        ended = audited(tmp_path, f"{base_url}/query")
    assert (ended[0], said in ended[1]) == (code, True), ended


def test_a_source_that_cannot_be_reached_is_said_and_fails_nothing(tmp_path: Path) -> None:
    # Port 9 of loopback: nothing listens there.
    ended = audited(tmp_path, "http://127.0.0.1:9/v1/query")
    assert ended == (0, "audit: not run: no source of advisories can be reached\n")


def test_the_build_audits_the_users_lock() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "run .venv/bin/python tools/audit.py requirements.lock || failed=1\n" in script


def test_the_bill_of_materials_lists_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    [recipe] = re.findall(
        r"^\t\$\(BIN\)/cyclonedx-py (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
    )
    written = tmp_path / "portouts.cdx.json"
    command = [sys.executable, "-W", "ignore", "-m", "cyclonedx_py", *recipe.split()]
    command[command.index("-o") + 1] = str(written)
    subprocess.run(command, check=True, cwd=ROOT)
    bill = json.loads(written.read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["metadata"]["component"]["name"]) == ("CycloneDX", "portouts")
    listed = {(one["name"], one["version"]): one["externalReferences"][0]["hashes"] for one in bill["components"]}
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = re.findall(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==([^ ]+)", lock, re.MULTILINE)
    assert set(listed) == set(pins)
    assert len(pins) > 100
    assert sum(map(len, listed.values())) == lock.count("--hash=sha256:")
