"""What `deploy` prints: the files of a schedule, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator

import msgspec

from portouts.commands.jobs.deploy import Deployment, Kind
from portouts.commands.terminal.output import print_result
from portouts.commands.terminal.progress import note

UNITS = "/etc/systemd/system/"
TIMERS = "portouts-sync.timer portouts-verify.timer"


class _Deployed(msgspec.Struct):
    kind: str
    written: list[str]
    unchanged: list[str]
    next: list[str]
    notes: list[str]


def print_deployment(deployment: Deployment, source: str | None, *, as_json: bool) -> None:
    """Print what was written and the commands to type next; `source` is the folder that portouts came from."""
    steps = [*_steps_before(deployment), *_STEPS[deployment.kind](deployment, source or "CHECKOUT")]
    written, unchanged = ([str(path) for path in paths] for paths in (deployment.written, deployment.unchanged))
    lines = [*(f"written: {path}" for path in written), *(f"unchanged: {path}" for path in unchanged)]
    text = "\n".join([*lines, "", "Next:", *(f"    {step}" for step in steps)])
    note(deployment.notes)
    print_result(text, _Deployed(deployment.kind, written, unchanged, steps, deployment.notes), as_json=as_json)


def _steps_before(deployment: Deployment) -> Iterator[str]:
    """Yield commands for the database's folder and the key file, if these are missing."""
    schedule = deployment.schedule
    if deployment.kind is Kind.GITHUB_ACTIONS:
        return
    if not schedule.folder.exists():
        yield f"mkdir -p -m 700 {_word(schedule.folder)}"
    if not schedule.key_file.exists():
        yield f"""(umask 077; printf '%s\\n' "$TELNYX_API_KEY" > {_word(schedule.key_file)})"""


def _cron(deployment: Deployment, _source: str) -> list[str]:
    return [f"(crontab -l 2>/dev/null; cat {_word(*deployment.files)}) | crontab -"]


def _systemd(deployment: Deployment, _source: str) -> list[str]:
    return [
        f"sudo install -m 644 {_word(*deployment.files)} {UNITS}",
        "sudo systemctl daemon-reload",
        f"sudo systemctl enable --now {TIMERS}",
    ]


def _docker(deployment: Deployment, source: str) -> list[str]:
    return [
        f"pip wheel --no-deps --wheel-dir {_word(deployment.output, source)}",
        f"docker compose --file {_word(deployment.output / 'compose.yaml')} up --build --detach",
    ]


def _github(deployment: Deployment, _source: str) -> list[str]:
    [workflow] = deployment.files
    return [
        "gh secret set TELNYX_API_KEY",
        "gh secret set AWS_ACCESS_KEY_ID",
        "gh secret set AWS_SECRET_ACCESS_KEY",
        "gh variable set AWS_REGION --body us-east-1",
        "gh variable set PORTOUTS_OBJECT --body s3://BUCKET/portouts.duckdb",
        f"git add {_word(workflow)} && git commit -m 'A sync of portouts on a schedule' && git push",
        f"gh workflow run {workflow.name} --field first=true",
    ]


def _dagster(deployment: Deployment, _source: str) -> list[str]:
    return ["pip install 'dagster>=1.9,<2' dagster-webserver", f"dagster dev --python-file {_word(*deployment.files)}"]


def _word(*paths: object) -> str:
    return " ".join(shlex.quote(str(path)) for path in paths)


_STEPS: dict[Kind, Callable[[Deployment, str], list[str]]] = {
    Kind.CRON: _cron,
    Kind.SYSTEMD: _systemd,
    Kind.DOCKER: _docker,
    Kind.GITHUB_ACTIONS: _github,
    Kind.DAGSTER: _dagster,
}
