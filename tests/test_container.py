"""The container of `portouts deploy docker`, as process 1, without root, home, terminal or a writable root folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import portouts_command
import pytest
import yaml  # type: ignore[import-untyped] # PyYAML has no annotations
from gated_api import GatedApi
from portouts.commands.jobs.deploy import Kind, Schedule, render
from portouts_sandbox import World, create_app, running
from simulated_account import ask

CONTAINER = Path(__file__).with_name("container.py")
NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child")


def files_of_docker(folder: Path) -> dict[str, str]:
    schedule = Schedule(
        command=("portouts",),
        database=folder / "portouts.duckdb",
        key_file=folder / "telnyx-api-key",
        minutes=60,
        user="daemon",
        uid=1,
        gid=1,
    )
    return render(Kind.DOCKER, schedule)


# What the files say


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the instructions of the last stage, in their order."""
    joined = re.sub(r"\\\n", "", dockerfile)
    lines = [line for line in joined.splitlines() if line and not line.startswith("#")]
    found = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]
    last = max(index for index, (word, _) in enumerate(found) if word == "FROM")
    return found[last + 1 :]


def test_the_image_runs_as_nobody_in_particular_and_its_processes_get_signals(tmp_path: Path) -> None:
    said = instructions(files_of_docker(tmp_path)["Dockerfile"])
    values = dict(said)
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", values["USER"])
    assert [json.loads(values[name]) for name in ("ENTRYPOINT", "CMD")] == [["portouts"], ["sync"]]
    assert json.loads(values["HEALTHCHECK"].partition("CMD ")[2]) == ["portouts", "status", "--max-age", "2h"]
    assert [word for word, _ in said if word not in {"COPY", "ENV"}] == [
        "USER",
        "WORKDIR",
        "VOLUME",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ]
    assert not {name for name in values if name in {"ADD", "ARG"}}


def test_what_the_image_copies_is_written_or_built_by_the_next_command(tmp_path: Path) -> None:
    files = files_of_docker(tmp_path)
    copied = re.findall(r"^COPY (?!--from)(?:--\S+ )?(.*) \S+$", files["Dockerfile"], re.MULTILINE)
    names = {name for line in copied for name in line.split()} - {"portouts-*.whl"}
    assert names == {"requirements.lock", "portouts-every"} == files.keys() - {"Dockerfile", "compose.yaml"}
    assert "--hash=sha256:" in files["requirements.lock"]


def test_the_container_may_do_as_little_as_possible(tmp_path: Path) -> None:
    compose = yaml.safe_load(files_of_docker(tmp_path)["compose.yaml"])
    service = compose["services"]["portouts"]
    assert (service["read_only"], service["cap_drop"], service["security_opt"]) == (
        True,
        ["ALL"],
        ["no-new-privileges:true"],
    )
    assert [volume["target"] for volume in service["volumes"]] == ["/data"]
    assert service["environment"]["TELNYX_API_KEY_FILE"] == "/run/secrets/telnyx-api-key"
    assert service["secrets"] == list(compose["secrets"]) == ["telnyx-api-key"]
    assert not {"privileged", "network_mode", "pid", "ports"} & service.keys()


# What it does


class Container(NamedTuple):
    """A folder of data with an account, for containers one after the other."""

    folder: Path
    world: World
    api: GatedApi
    base_url: str
    files: dict[str, str]
    started: list[subprocess.Popen[str]]

    @property
    def database(self) -> Path:
        return self.folder / "data" / "portouts.duckdb"

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a container with such a command."""
        places = (self.folder / "bin", Path(sys.executable).parent, "/usr/bin", "/bin")
        environment = {
            "PATH": ":".join(map(str, places)),
            "LANG": "C",
            "TMPDIR": str(self.folder / "tmp"),
            "PORTOUTS_DATABASE": str(self.database),
            "TELNYX_API_KEY_FILE": str(self.folder / "key"),
            "TELNYX_BASE_URL": self.base_url,
        }
        inside = [sys.executable, str(CONTAINER), str(self.folder / "data"), str(self.folder / "tmp"), *words]
        process = subprocess.Popen(
            [*NAMESPACES, *inside],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.started.append(process)
        return process

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        _, err = process.communicate(timeout=120)
        return process.returncode, err

    @property
    def service(self) -> Sequence[str]:
        entrypoint: list[str] = yaml.safe_load(self.files["compose.yaml"])["services"]["portouts"]["entrypoint"]
        return entrypoint

    @property
    def single_sync(self) -> list[str]:
        said = dict(instructions(self.files["Dockerfile"]))
        return [*json.loads(said["ENTRYPOINT"]), *json.loads(said["CMD"])]

    @property
    def health_check(self) -> list[str]:
        said = dict(instructions(self.files["Dockerfile"]))
        words: list[str] = json.loads(said["HEALTHCHECK"].partition("CMD ")[2])
        return words

    def held(self) -> list[tuple[Any, ...]]:
        return ask(self.database, "select portout_id, status from marts.fct_portouts order by all")

    def truth(self) -> list[tuple[str, str]]:
        return sorted((order["id"], order["status"]) for order in self.world.orders())


@pytest.fixture
def container(tmp_path: Path) -> Iterator[Container]:
    for name in ("data", "tmp", "bin"):
        (tmp_path / name).mkdir()
    files = files_of_docker(tmp_path)
    every = tmp_path / "bin" / "portouts-every"
    every.write_text(files["portouts-every"])
    every.chmod(0o755)
    (tmp_path / "key").write_text(portouts_command.KEY + "\n")
    (tmp_path / "key").chmod(0o600)
    begins = datetime.now(UTC) - timedelta(hours=1)
    world = World(300, seed=5, starts_at=begins - timedelta(days=90), now=begins)
    api = GatedApi(create_app(world, api_key=portouts_command.KEY))
    with running(api) as base_url:
        made = Container(tmp_path, world, api, base_url, files, [])
        if not shutil.which("unshare") or os.geteuid() or made.run("true")[0]:
            pytest.skip("namespaces like those of a container need root on Linux, with unshare and setpriv")
        yield made
        api.open()
        for process in made.started:
            process.kill()
            process.communicate()


def stop(process: subprocess.Popen[str]) -> None:
    """Send SIGTERM to process 1 of the container, as `docker stop` does."""
    [first] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(first), signal.SIGTERM)


@pytest.mark.slow
def test_a_container_syncs_at_once_is_healthy_and_ends_when_it_is_stopped(container: Container) -> None:
    assert container.run(*container.health_check)[0] == 4
    process = container.start(*container.service)
    assert process.stdout is not None
    assert "now shows" in process.stdout.readline()
    assert container.held() == container.truth()
    code, err = container.run(*container.health_check)
    assert code == 0, err
    stop(process)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in err) == (0, False), err
    assert {path.name for path in container.folder.iterdir()} == {"data", "tmp", "bin", "key"}
    assert {path.name for path in (container.folder / "data").iterdir()} == {"portouts.duckdb", ".portouts"}


@pytest.mark.slow
@pytest.mark.parametrize("is_service", [True, False], ids=["the service", "a single sync"])
def test_a_container_that_is_stopped_while_it_syncs_is_continued_by_the_next(
    container: Container, *, is_service: bool
) -> None:
    container.api.close_after(4)
    process = container.start(*(container.service if is_service else container.single_sync))
    container.api.wait_until_somebody_waits()
    stop(process)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, "Stopped as asked" in err) == (0 if is_service else 1, True), err
    assert not container.database.exists()
    container.api.open()
    code, err = container.run(*container.single_sync)
    assert code == 0, err
    assert container.held() == container.truth()


@pytest.mark.slow
def test_two_containers_on_one_folder_do_not_disturb_each_other(container: Container) -> None:
    container.api.close_after(2)
    process = container.start(*container.single_sync)
    container.api.wait_until_somebody_waits()
    code, err = container.run(*container.single_sync)
    assert (code, "is being synced by" in err) == (75, True), err
    container.api.open()
    assert process.wait(timeout=60) == 0
    assert container.held() == container.truth()
