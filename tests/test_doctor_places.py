"""`portouts doctor`: what it says about folders, disk, and the files that lie at the place of the database."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from filelock import FileLock
from portouts.doctor.estimate import FirstLoad, Pace
from portouts.doctor.files import check_files, holder_of
from portouts.doctor.findings import Finding
from portouts.doctor.places import NETWORK, check_disk, check_places, file_system_of
from portouts.warehouse.folders import places
from portouts.warehouse.working_file import NEW_FILE
from small_disk import all_but, system

NOBODY = 65534


def first_load(orders: int) -> FirstLoad:
    return FirstLoad(orders, {"orders": 1}, Pace(1.0, "for a test"))


def look_at(database: Path, *secrets: Path) -> dict[str, Finding]:
    """Run all checks of folders and files; return the findings by their check."""
    published, working = places(database)
    found = [
        *check_places(published, working),
        *check_disk(published, working, first_load(1000)),
        *check_files(published, working, secrets),
    ]
    return {finding.check: finding for finding in found}


def verdicts(found: dict[str, Finding]) -> dict[str, str]:
    return {check: finding.verdict for check, finding in found.items() if finding.verdict != "ok"}


def make_warehouse(path: Path, storage: str = NEW_FILE) -> None:
    """Make a file that has what a published one is known by."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as made {storage}")
        connection.execute("create schema made.raw")
        connection.execute("create table made.raw.syncs as select timestamptz '2026-05-01 08:30:00+00' as as_of")
    path.chmod(0o600)


@contextmanager
def held_by_another_process(path: Path, *, read_only: bool) -> Iterator[int]:
    """Let another process have a file open in DuckDB; yield its number."""
    code = "import duckdb, sys; c = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'True'); print(); input()"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path), str(read_only)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process.pid
    finally:
        process.communicate(b"\n")


# Folders


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    found = look_at(tmp_path / "data" / "deep" / "portouts.duckdb")
    assert verdicts(found) == {}
    assert f"{tmp_path}/data/deep does not exist yet; it can be made: in {tmp_path}, files can" in found["folder"].found
    assert list(tmp_path.iterdir()) == []


def test_a_file_where_a_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a letter")
    found = look_at(tmp_path / "data" / "portouts.duckdb")
    assert (found["folder"].verdict, found["folder"].found) == ("failed", f"{tmp_path}/data: Not a directory")


def test_a_folder_that_cannot_be_written_is_named(disk: Path) -> None:
    assert system("mount", "-o", "remount,ro", str(disk))
    found = look_at(disk / "data" / "portouts.duckdb")["folder"]
    assert (found.verdict, found.found) == ("failed", f"{disk}: Read-only file system")
    assert found.advice == "Mount it so that it can be written, or name a --database elsewhere."


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_a_folder_without_rights_is_named(open_folder: Path) -> None:
    (open_folder / "portouts.duckdb").touch()
    os.seteuid(NOBODY)
    try:
        found = look_at(open_folder / "portouts.duckdb")
    finally:
        os.seteuid(0)
    assert found["folder"].found == f"{open_folder}: Permission denied"
    assert found["folder"].advice.startswith("Make it writable for the user who runs this")
    assert (found["file rights"].verdict, "belongs to user 0, and this is user" in found["file rights"].found) == (
        "failed",
        True,
    )


def test_a_published_file_that_is_a_mount_of_its_own_is_refused(disk: Path) -> None:
    for name in ("portouts.duckdb", "other"):
        (disk / name).touch(0o600)
    assert system("mount", "--bind", str(disk / "other"), str(disk / "portouts.duckdb"))
    try:
        published, working = places(disk / "portouts.duckdb")
        first = next(check_places(published, working))
    finally:
        assert system("umount", str(disk / "portouts.duckdb"))
    assert (first.verdict, "is a mount of its own" in first.found) == ("failed", True)


def test_two_folders_of_different_file_systems_are_tried_each(
    disk: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    published, working = places(elsewhere / "portouts.duckdb", disk)
    checks = [finding.check for finding in check_places(published, working)]
    assert checks == ["folder", "file system of the folder", "working folder", "file system of the working folder"]
    assert len(list(check_disk(published, working, first_load(10)))) == 2


MOUNTS = """\
22 1 8:1 / / rw - ext4 /dev/sda1 rw
30 22 0:40 / /mnt rw shared:1 - tmpfs tmpfs rw
31 30 0:41 / /mnt/far\\040away rw,nosuid shared:2 master:1 - nfs4 server:/data rw
32 30 0:42 / /mnt/farm rw - fuse.sshfs me@host rw
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv", "ext4"),
        ("/mnt", "tmpfs"),
        ("/mnt/far away/data", "nfs4"),
        ("/mnt/farm", "fuse.sshfs"),
        ("/mnt/fa", "tmpfs"),
    ],
)
def test_the_kind_of_a_file_system_is_that_of_the_nearest_mount(place: str, kind: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system_of(Path(place), mounts) == kind


def test_without_a_list_of_mounts_the_kind_is_not_known(tmp_path: Path) -> None:
    assert file_system_of(tmp_path, tmp_path / "none") == ""
    assert {"nfs", "nfs4", "cifs"} <= NETWORK


# Disk


def test_a_disk_that_is_too_small_fails_and_one_that_may_be_warns(disk: Path) -> None:
    published, working = places(disk / "data" / "portouts.duckdb")
    with all_but(20_000_000, disk):
        found = {orders: next(check_disk(published, working, first_load(orders))) for orders in (500, 4000, 10_000)}
        [unknown] = check_disk(published, working, None)
    assert {orders: finding.verdict for orders, finding in found.items()} == {
        500: "ok",
        4000: "warning",
        10_000: "failed",
    }
    assert "20 MB free; working file, published file and its copy take 30 MB to 48 MB" in found[10_000].found
    assert (unknown.verdict, "at least 12 MB, the orders being uncounted" in unknown.found) == ("ok", True)


def test_a_full_disk_is_a_line_and_no_crash(disk: Path) -> None:
    with all_but(0, disk):
        found = look_at(disk / "portouts.duckdb")
        assert [path.name for path in disk.iterdir()] == ["filler"]
    assert (found["folder"].verdict, found["disk"].verdict) == ("failed", "failed")
    assert "No space left on device" in found["folder"].found


# What lies there


def test_an_empty_file_is_nothing_yet_and_a_working_file_alone_is_a_load_that_began(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    database.touch(0o600)
    assert verdicts(look_at(database)) == {}
    database.unlink()
    _, working = places(database)
    working.mkdir(0o700, parents=True)
    make_warehouse(working / "working.duckdb")
    found = look_at(database)
    assert verdicts(found) == {}
    assert found["published file"].found == f"nothing at {database} yet; what an earlier sync has loaded is kept"


def test_a_warehouse_shows_its_version_and_its_last_sync(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    make_warehouse(database)
    found = look_at(database)
    assert verdicts(found) == {}
    assert found["published file"].found == (
        "a warehouse of portouts, shows 2026-05-01 08:30 UTC; DuckDB's storage version is v1.4.0+"
    )


def test_files_of_others_are_refused_and_left_as_they_are(tmp_path: Path) -> None:
    letter, database = tmp_path / "letter.duckdb", tmp_path / "other.duckdb"
    letter.write_text("This is no database.\n" * 500)
    with duckdb.connect(str(database)) as connection:
        connection.execute("create table mine as select 1 as one")
    for path, text in (
        (letter, "is damaged, or a file of another program"),
        (database, "is a file of another program"),
    ):
        before = path.read_bytes()
        found = look_at(path)["published file"]
        assert (found.verdict, text in found.found, path.read_bytes() == before) == ("failed", True, True), found


def test_a_file_of_a_later_duckdb_says_so(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    make_warehouse(database)
    content = bytearray(database.read_bytes())
    content[12] = 250  # the storage version stands behind checksum and "DUCK"
    database.write_bytes(content)
    found = look_at(database)["published file"]
    assert found.verdict == "failed"
    assert "version number" in found.found or "is damaged" in found.found


def test_a_log_of_another_program_is_a_warning(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    make_warehouse(database)
    connection = duckdb.connect(str(database))
    connection.execute("pragma disable_checkpoint_on_shutdown")
    connection.execute("create table main.mine as select 1 as one")
    connection.close()
    log = database.with_name("portouts.duckdb.wal")
    before = log.read_bytes()
    found = look_at(database)["published file"]
    assert (found.verdict, "portouts.duckdb.wal beside it" in found.found) == ("warning", True)
    assert log.read_bytes() == before


# Who holds the files


@pytest.mark.parametrize("read_only", [True, False], ids=["reader", "writer"])
def test_a_program_that_has_the_working_file_open_is_named_by_its_number(read_only: bool, tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    _, working = places(database)
    working.mkdir(0o700, parents=True)
    make_warehouse(working / "working.duckdb")
    with held_by_another_process(working / "working.duckdb", read_only=read_only) as process:
        found = look_at(database)["in use"]
    assert found.verdict == "failed"
    assert "working.duckdb is open in python" in found.found
    assert f"(PID {process})" in found.found
    assert look_at(database)["in use"].verdict == "ok"


def test_a_reader_of_the_published_file_is_welcome_and_a_writer_is_a_warning(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    make_warehouse(database)
    with held_by_another_process(database, read_only=True) as process:
        found = look_at(database)["in use"]
        assert (found.verdict, f"(PID {process})" in found.found.partition("except a reader: python")[2]) == (
            "ok",
            True,
        )
    with held_by_another_process(database, read_only=False) as process:
        found = look_at(database)["in use"]
        assert (found.verdict, f"(PID {process})" in found.found) == ("warning", True)
        assert look_at(database)["published file"].verdict == "warning"
        assert holder_of(tmp_path / "none") is None


def test_a_sync_that_is_working_is_a_warning(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    _, working = places(database)
    working.mkdir(0o700, parents=True)
    (working / "lock-holder").write_text("process 4711\n")
    with FileLock(working / "lock"):
        found = look_at(database)["in use"]
    assert (found.verdict, found.found) == ("warning", "a sync is working on this database now by process 4711")


# Who may read them


def test_secrets_and_working_files_that_others_may_read_are_named(tmp_path: Path) -> None:
    database, secrets = tmp_path / "portouts.duckdb", tmp_path / "secrets.toml"
    make_warehouse(database)
    database.chmod(0o640)
    secrets.touch(0o600)
    found = look_at(database, secrets)["file rights"]
    assert (found.verdict, found.found) == ("ok", "only this user may open what is there; portouts.duckdb has mode 640")
    secrets.chmod(0o644)
    found = look_at(database, secrets)["file rights"]
    assert (found.verdict, found.advice) == ("warning", f"Run `chmod go-rwx {secrets}`.")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_file_of_another_user_is_named(tmp_path: Path) -> None:
    database = tmp_path / "portouts.duckdb"
    make_warehouse(database)
    os.chown(database, NOBODY, -1)
    found = look_at(database)["file rights"]
    assert (found.verdict, f"belongs to user {NOBODY}" in found.found) == ("warning", True)
