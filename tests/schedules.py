"""What cron, systemd and a container do with the files of `portouts deploy`, for tests."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

SYSTEMD = "/lib/systemd/systemd"
NOBODY = 65534


def cron_jobs(crontab: str) -> list[tuple[str, str]]:
    """Read a crontab as cron does: the five fields of each line, and what it hands to `/bin/sh -c`."""
    lines = [line for line in crontab.splitlines() if line.strip() and not line.startswith("#")]
    jobs = []
    for line in lines:
        *fields, command = line.split(None, 5)
        first, *_standard_input = re.split(r"(?<!\\)%", command)
        jobs.append((" ".join(fields), first.replace(r"\%", "%")))
    return jobs


def run_as_cron(job: str, folder: Path, **environment: str) -> int:
    """Run a job in cron's environment, less HOME and terminal; return its exit code."""
    return start_as_cron(job, folder, **environment).wait(timeout=120)


def start_as_cron(job: str, folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """Start a job in cron's environment, less HOME and terminal."""
    return subprocess.Popen(
        ["/bin/sh", "-c", job],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "LANG": "C", **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def needs_systemd() -> None:
    """Skip the test where systemd is not installed; no system has to run it."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")


def analyze(*arguments: str, units: Path) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze with a folder of units beside those of the machine."""
    return subprocess.run(
        [str(shutil.which("systemd-analyze")), *arguments],
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        check=False,
    )


def understood_by_systemd(unit: str, units: Path) -> str:
    """Return how systemd itself has understood a unit: what `systemd --test` shows of it."""
    needs_systemd()
    home = units / "home"
    (home / "systemd").mkdir(parents=True)
    give_to_nobody(units)
    shown = subprocess.run(
        [SYSTEMD, "--user", "--test", f"--unit={unit}"],
        env={"PATH": os.defpath, "HOME": str(home), "XDG_RUNTIME_DIR": str(home), "SYSTEMD_UNIT_PATH": f"{units}:"},
        user=NOBODY if os.geteuid() == 0 else None,  # root is refused
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    _, _, rest = (shown.stdout + shown.stderr).partition(f"-> Unit {unit}:\n")
    assert rest, shown
    return rest.partition("\n\t-> Unit ")[0]


def give_to_nobody(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)


def command_lines(understood: str) -> list[list[str]]:
    """Return the words of each command in what systemd shows."""
    shown = [re.sub(r"\\([$`])", r"\1", line) for line in re.findall(r"Command Line: (.*)", understood)]
    return [shlex.split(line.strip()) for line in shown]
