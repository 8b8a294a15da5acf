"""The errors that may end a command: each message says what happened, where, and what to do next.

The number is the exit code. The errors of the API are in `telnyx/errors.py`.

PortoutsError             1  known and explained
├── SettingsError         2  wrong usage or settings
├── Interrupted           1  asked to stop
├── TelnyxError           1  the API did not answer, see `telnyx/errors.py`
├── NotProven             1  the API's counts do not confirm what was read
├── AnotherAccount        2  the API knows none of our orders
├── OrdersGone            1  the API no longer knows too many of our orders
├── Unanswered            1  the API gave no count, see `verify/reconcile.py`
├── LoadFailed            1  dlt could not load what was read
├── Locked               75  another process works on this database
├── NoWarehouse           1  the file to publish to is not ours
│   └── Damaged           1  a file is not readable
├── NothingLoaded         1  there is no working file yet
├── Unfinished            1  the last sync did not finish
├── UnknownOrder          1  the API knows no order with this id or support key
├── AmbiguousOrder        2  several orders have this support key
├── CannotAnswer          1  the order is not pending, or its rejection codes are unknown
├── ModelError            1  the build changed nothing
│   ├── ModelFailed       1  a SQL file failed
│   └── CheckFailed       1  a check returned rows
├── SparkFailed           1  Spark could not be reached, or its work failed
├── CannotPublish         1  the published file could not be replaced
├── AccountsBehind        1  an account could not be read; the others are published
├── AccountsOverlap       2  two accounts hold the same orders
├── CannotGather          1  the rows of an account could not be copied
├── TargetsBehind         1  a target of `[publish]` does not show the published file
├── TargetFailed          1  one target could not be brought up to date, see `publish/`
│   └── Transient         1  the same work may succeed when it is tried again
├── NotPublished          1  there is no published file to read
├── GateBroken            4  a limit of `status` is exceeded
├── NotebookFailed        1  a notebook failed
├── ReportFailed          1  the report could not be written
├── ExportFailed          1  marts could not be written as files
├── NotDelivered          1  a receiver did not get the report
└── MachineFault          1  too little space or memory, or no permission
"""

from __future__ import annotations

OF_THIS_ACCOUNT = "Check that TELNYX_API_KEY belongs to this warehouse's account and may view its port-out orders."
OF_ANOTHER_ACCOUNT = "Use the key of this warehouse's account, or another --database for the other one."
IF_REMOVED = "If the orders held were really removed at Telnyx, accept that with --accept-deletions."


class PortoutsError(Exception):
    """Something failed in a known way."""

    exit_code = 1


class SettingsError(PortoutsError):
    """A setting is missing or cannot be used; the message says which, and what to set."""

    exit_code = 2


class Interrupted(PortoutsError):
    """The command was asked to stop."""


class NotProven(PortoutsError):
    """The API's own counts do not confirm what was read, so nothing was published."""


class AnotherAccount(PortoutsError):
    """The API shows orders and knows none of ours: the key belongs to another account."""

    exit_code = 2


class OrdersGone(PortoutsError):
    """The API no longer knows so many of our orders that a person must accept it first."""


class LoadFailed(PortoutsError):
    """dlt could not load what was read; the next sync reads it again."""


class Locked(PortoutsError):
    """Another process works on this database."""

    exit_code = 75


class NoWarehouse(PortoutsError):
    """The file to publish to belongs to another program, or our files are damaged."""


class Damaged(NoWarehouse):
    """A file cannot be read whole."""


class NothingLoaded(PortoutsError):
    """There is no working file yet, so nothing to model, verify or publish."""


class Unfinished(PortoutsError):
    """The last sync loaded rows and did not finish."""


class UnknownOrder(PortoutsError):
    """The API knows no order with the given id or support key."""


class AmbiguousOrder(PortoutsError):
    """Several orders have the given support key; the message lists them."""

    exit_code = 2


class CannotAnswer(PortoutsError):
    """An order cannot be answered now, so nothing is sent for it."""


class ModelError(PortoutsError):
    """Building the models changed nothing."""


class ModelFailed(ModelError):
    """A file of `sql/` could not be run."""


class CheckFailed(ModelError):
    """A check returned rows."""


class SparkFailed(PortoutsError):
    """Spark could not be reached, or its work failed."""


class CannotPublish(PortoutsError):
    """The published file could not be replaced and is as it was."""


class AccountsBehind(PortoutsError):
    """An account could not be read and shows what it did before; the others are published."""


class AccountsOverlap(PortoutsError):
    """Two accounts hold the same orders: their keys belong to one account of Telnyx."""

    exit_code = 2


class CannotGather(PortoutsError):
    """The rows of an account could not be copied into the shared file as they are."""


class TargetsBehind(PortoutsError):
    """The file is published, and a target of `[publish]` could not be brought up to date."""


class TargetFailed(PortoutsError):
    """A target could not be brought up to date and is as it was; the message says why, without a password."""


class Transient(TargetFailed):
    """A target had no lock in time, for example, so the same work may succeed when it is tried again."""


class NotPublished(PortoutsError):
    """There is no published file that can be read."""


class GateBroken(PortoutsError):
    """A limit of `status` is exceeded, because there is no published file."""

    exit_code = 4


class NotebookFailed(PortoutsError):
    """A notebook could not be run."""


class ReportFailed(PortoutsError):
    """The report could not be written."""


class ExportFailed(PortoutsError):
    """Marts could not be written as files."""


class NotDelivered(PortoutsError):
    """A receiver did not get its message."""


class MachineFault(PortoutsError):
    """The machine lacks what the work needs: space, memory, or a writable folder."""
