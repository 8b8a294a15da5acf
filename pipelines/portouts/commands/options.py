"""The options of all commands: name, help, default variable. Shared options are defined once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from portouts.commands.jobs.deploy import Kind
from portouts.commands.option_values import (
    MINUTES,
    VERIFY_DEPTHS,
    Engine,
    PiiMode,
    parse_duration,
    parse_minutes,
    parse_order_name,
    parse_pii,
    parse_verify,
)
from portouts.errors import SettingsError
from portouts.verify.count_buckets import Depth
from portouts.warehouse.export.formats import Format

DEFAULT_DATABASE = Path("data/portouts.duckdb")
DEMO_DATABASE = Path("data/portouts-demo.duckdb")
DEFAULT_MINUTES = 15
DEFAULT_LOCK_WAIT = 120

Database = Annotated[
    Path,
    typer.Option(
        help="The published DuckDB file; working state lies beside it in .portouts/.", envvar="PORTOUTS_DATABASE"
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print exactly one JSON object to standard output.")]
Config = Annotated[
    Path | None,
    typer.Option(
        metavar="PATH",
        help="Folder or file of settings. Default: .dlt beside the database, then .dlt in the current folder.",
        envvar="PORTOUTS_CONFIG",
    ),
]
ApiKeyFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Read the API key from this file, which contains nothing else. Default: TELNYX_API_KEY, then the file "
        "that TELNYX_API_KEY_FILE names, then the settings.",
    ),
]
StateDir = Annotated[
    Path | None,
    typer.Option(
        metavar="DIR",
        help="Folder of working state. Default: .portouts beside the database.",
        envvar="PORTOUTS_STATE_DIR",
    ),
]
AcceptSettings = Annotated[
    bool, typer.Option("--accept-settings", help="Take settings that change what the numbers of this database mean.")
]
AcceptDeletions = Annotated[
    bool,
    typer.Option(
        "--accept-deletions", help="Mark orders as deleted that the API no longer knows, however many they are."
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Answer the question before it is asked.")]
Seed = Annotated[int, typer.Option(help="Another seed, another account.")]

# accounts
HeldAccount = Annotated[str, typer.Argument(metavar="name", show_default=False, help="An account of this warehouse.")]
NewAccount = Annotated[str, typer.Argument(metavar="new", show_default=False, help="Its new name.")]
Drop = Annotated[bool, typer.Option("--drop", help="Delete its rows, too. Without it they stay as they are.")]

# pending, show, authorize, reject
OrderName = Annotated[
    str,
    typer.Argument(
        parser=parse_order_name, metavar="order", show_default=False, help="The order's id, or its support key."
    ),
]

# authorize, reject
OrderNames = Annotated[
    list[str] | None,
    typer.Argument(show_default=False, help="Orders, each by its id or its support key."),
]
FromFile = Annotated[
    Path | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="Read orders from a file, one per line, or from standard input (-). Text after a # is a comment.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Read the orders and show what would be sent; send nothing.")]
LockWait = Annotated[
    int,
    typer.Option("--wait", metavar="SECONDS", min=0, help="How long to wait for a sync that works on the database."),
]
RejectionCode = Annotated[
    int, typer.Option("--code", metavar="N", help="Rejection code; `portouts show ORDER` lists those of an order.")
]
RejectionReason = Annotated[
    str | None, typer.Option("--reason", metavar="TEXT", help="The reason for Telnyx; some codes require one.")
]

# sync
AsOf = Annotated[str | None, typer.Option(metavar="TS", help="Read up to this instant. Default: now.")]
HeldSince = Annotated[
    str | None, typer.Option(metavar="DATE", help="Hold orders inserted from this day on; extends backwards.")
]
FullBuild = Annotated[bool, typer.Option("--full", help="Build and check everything, even if nothing changed.")]
Full = Annotated[bool, typer.Option("--full", help="Read everything again, whatever is covered.")]
AllowUnproven = Annotated[
    bool, typer.Option("--allow-unproven", help="Publish even what the API's own counts do not confirm.")
]
VerifyAfterSync = Annotated[
    Depth | None,
    typer.Option(
        parser=parse_verify,
        metavar="|".join(VERIFY_DEPTHS),
        help="Prove the result against the API's counts: how finely, or not at all.",
    ),
]
Destination = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="Load raw into this dlt destination instead; builds and publishes nothing."),
]
Keep = Annotated[
    int | None,
    typer.Option(
        min=0, help="Keep so many versions published before, in .portouts/; 0 removes them.", envvar="PORTOUTS_KEEP"
    ),
]
Rebuild = Annotated[
    bool, typer.Option("--rebuild", help="Make the working file again from the published one before that.")
]

# models
EngineOfModels = Annotated[
    Engine, typer.Option("--engine", help="What computes the models: this machine, or a Spark cluster.")
]
Master = Annotated[str | None, typer.Option(metavar="URL", help="Spark: the cluster, such as spark://host:7077.")]
ExportedInput = Annotated[
    str | None,
    typer.Option(
        "--input",
        metavar="DIR|URL",
        help="Spark: exported raw, as `export --by-month` and [publish] targets write it.",
    ),
]
MartsOutput = Annotated[
    str | None,
    typer.Option("--output", metavar="DIR|URL", help="Spark: where the marts go, as Parquet with manifest.json."),
]

# verify
VerifyDepth = Annotated[Depth, typer.Option(help="How finely to count, by status; quick takes at most 7 requests.")]
Quick = Annotated[bool, typer.Option("--quick", hidden=True, help="The same as --depth quick.")]
Sample = Annotated[int, typer.Option(min=0, help="Read so many random pages whole and compare every field.")]
InsertedSince = Annotated[str | None, typer.Option(metavar="DATE", help="Only orders inserted from here on.")]
InsertedUntil = Annotated[str | None, typer.Option(metavar="DATE", help="Only orders inserted before.")]
Repair = Annotated[bool, typer.Option("--repair", help="Read again what differs, then verify again.")]

# redact
PiiToApply = Annotated[
    PiiMode, typer.Option("--pii", parser=parse_pii, metavar="hash|drop", help="How to mask personal data.")
]

# status, report, demo
Check = Annotated[
    bool, typer.Option("--check", help="Read the whole file and compare it with the checksum of its certificate.")
]
MaxAge = Annotated[
    timedelta | None,
    typer.Option(
        parser=parse_duration,
        metavar="DURATION",
        help="Exit with 4 if the last published sync is older than this (such as 90m, 2h or 1d) or missing.",
    ),
]
MaxPendingAge = Annotated[
    timedelta | None,
    typer.Option(
        parser=parse_duration, metavar="DURATION", help="Exit with 4 if an order has been pending for longer than this."
    ),
]
Output = Annotated[Path | None, typer.Option(metavar="FILE", help="Default: portouts-report.html beside the database.")]
Send = Annotated[bool, typer.Option("--send", help="Send the page to the receivers of alerts ([alerts] urls).")]
Notebooks = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="DIR",
        help="Run the notebooks of this folder, too, in the order of their names. One with the name of ours replaces "
        "it. Can be repeated.",
    ),
]
OnlyNotebooks = Annotated[bool, typer.Option("--only-notebooks", help="Run those of --notebooks alone, without ours.")]
EditableNotebooks = Annotated[
    Path | None,
    typer.Option("--edit", metavar="DIR", help="Write our notebooks into this folder, for you to change, and end."),
]
NewDatabase = Annotated[
    Path, typer.Option(help="The file to write. An earlier demo there is replaced, any other file is not.")
]
WithReport = Annotated[
    bool, typer.Option("--report/--no-report", help="Write the report beside it, if the packages for it are installed.")
]
SimulatedOrders = Annotated[int, typer.Option(min=1, help="Orders of the simulated account.")]

# export
ExportFormat = Annotated[
    Format | None, typer.Option("--format", help="Default: as the file that --output names ends.", show_default=False)
]
MartNames = Annotated[
    list[str] | None,
    typer.Option(
        "--mart", metavar="NAME", help="A mart; may be given several times. Default: all.", show_default=False
    ),
]
ExportOutput = Annotated[
    str,
    typer.Option(
        "--output",
        metavar="DIR|FILE|URL",
        help="A folder, which is made if it is missing, or one file that ends as the format does.",
        show_default=False,
    ),
]

ByMonth = Annotated[
    bool,
    typer.Option(
        "--by-month",
        help="Write raw and marts as Parquet, a file per month, with manifest.json, into a folder or to an address "
        "such as s3://bucket/prefix; only months that changed.",
    ),
]

# deploy
ScheduleKind = Annotated[Kind, typer.Argument(help="The program that runs the syncs.", show_default=False)]
OutputFolder = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Folder to write into; made if missing.", show_default=False)
]
Every = Annotated[
    int,
    typer.Option(
        parser=parse_minutes, metavar="MINUTES", help=f"Minutes from one sync to the next: {', '.join(MINUTES)}."
    ),
]
NamedUser = Annotated[
    str | None,
    typer.Option("--user", metavar="NAME", help="The user that runs the syncs (systemd, docker). Default: you."),
]
NamedKeyFile = Annotated[
    Path | None,
    typer.Option(
        "--api-key-file",
        metavar="FILE",
        help="The file that contains, or will contain, only the API key. Default: telnyx-api-key beside the database.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace files that differ.")]

# sandbox
Port = Annotated[int, typer.Option(min=0, max=65535, help="Loopback port.")]
FirstOrders = Annotated[int, typer.Option(min=0, help="Orders at the start.")]
AccountCount = Annotated[
    int, typer.Option(min=1, max=20, help="Serve so many accounts, each with a key of its own; the last one is empty.")
]
Latency = Annotated[float, typer.Option(min=0, help="Answer each request so much later.")]
RateLimit = Annotated[int | None, typer.Option(min=1, help="Requests per second before a 429.")]
StandingClock = Annotated[
    str | None, typer.Option(metavar="TS", help="Let its clock stand at this instant. Default: this machine's.")
]


def chosen_depth(context: typer.Context, depth: Depth, *, quick: bool) -> Depth:
    """Return the depth of a verification; raises `SettingsError` if `--quick` contradicts a given `--depth`."""
    if not quick:
        return depth
    if depth is not Depth.QUICK:
        refuse_given(context, "depth", because="--quick is --depth quick")
    return Depth.QUICK


def refuse_given(context: typer.Context, *names: str, because: str) -> None:
    """Raise `SettingsError` if one of these options was given on the command line."""
    sources = {name: context.get_parameter_source(name) for name in names}
    options = {parameter.name: parameter.opts[0] for parameter in context.command.params}
    given = [options[name] for name, found in sources.items() if found and found.name == "COMMANDLINE"]
    if given:
        raise SettingsError(f"{because}: leave out {' and '.join(given)}.")
