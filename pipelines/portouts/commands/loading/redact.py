"""`portouts redact`: apply another mode of personal data to all stored data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from portouts.commands.loading.announced import end_behind
from portouts.commands.options import DEFAULT_DATABASE, AsJson, Config, Database, PiiToApply, StateDir, Yes
from portouts.commands.terminal.confirmation import confirm, require_answerable
from portouts.commands.terminal.environment import machine_time, open_with_settings
from portouts.commands.terminal.exit_status import with_exit_status
from portouts.commands.terminal.paths import published_file
from portouts.load.settings.files import Setting, settings_files

if TYPE_CHECKING:
    from portouts.load.settings.settings import Settings
    from portouts.records.privacy import Pii

ORIGIN = "portouts redact"


@with_exit_status(
    stopped="Run `portouts redact` again to finish.", done="No readable personal data is left in the files."
)
def redact(
    pii: PiiToApply,
    database: Database = DEFAULT_DATABASE,
    yes: Yes = False,
    config: Config = None,
    state_dir: StateDir = None,
    as_json: AsJson = False,
) -> None:
    """Hash or drop all stored personal data, also in kept versions, and that of all later syncs.

    Sends nothing and needs no key. It cannot be undone, so it asks first.
    """
    database = published_file(database)
    require_answerable(yes=yes)
    warehouse, given = open_with_settings(database, state_dir, settings_files(database, config), needs_key=False)
    settings = _with_pii(given, pii)
    from portouts.commands.jobs.redact import plan_redaction, run_redact
    from portouts.commands.results.loading.redaction import print_redaction, question_of

    if not yes:
        confirm(question_of(database, pii, plan_redaction(warehouse, settings)))
    outcome = run_redact(warehouse, settings, machine_time)
    print_redaction(outcome, given, as_json=as_json)
    end_behind(outcome.targets)


def _with_pii(given: Settings, pii: Pii) -> Settings:
    """Replace the setting `pii`; raises `SettingsError` if it needs a salt and there is none."""
    from portouts.load.settings.settings import check_settings

    return check_settings({**given.found, "pii": Setting(pii, ORIGIN)})
