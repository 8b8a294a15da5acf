"""Find the cause of a failed load; finish the load packages that a killed process left for another engine.

Packages for the working file are never finished: the next sync reads their rows again.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import dlt
from dlt.common.destination.client import WithStagingDataset, WithStateSync
from dlt.common.storages import FileStorage, PackageStorage
from dlt.common.storages.load_package import ParsedLoadJobFileName
from dlt.load.exceptions import LoadClientJobRetry
from dlt.pipeline.exceptions import PipelineStepFailed

from portouts.errors import LoadFailed, PortoutsError
from portouts.warehouse import faults


def finish_pending_load(pipeline: dlt.Pipeline) -> dlt.Pipeline:
    """Load the packages of a killed process, each row once; then drop the local state if the destination has it."""
    if pipeline.has_pending_data:  # such a run finishes the packages and reads nothing
        _drop_normalized_packages(pipeline)
        _empty_staging_tables(pipeline)
        pipeline.run()
    with pipeline.destination_client() as client:
        has_state = isinstance(client, WithStateSync)
    return pipeline.drop() if has_state else pipeline


def cause_of(error: PipelineStepFailed) -> BaseException:
    """Return the cause of a failed load: our own error, a fault of the machine, or the first line of dlt's error."""
    for found in faults.chain(error):
        if isinstance(found, PortoutsError | KeyboardInterrupt):
            return found
    if cause := faults.cause_in(error):
        return cause
    failure = error.exception.client_exception if isinstance(error.exception, LoadClientJobRetry) else error.exception
    reason = str(failure).partition("\n")[0] or type(failure).__name__
    return LoadFailed(
        f"dlt could not {error.step} a load package: {reason}. What was loaded before is kept. Run the sync again: it "
        "reads this part once more."
    )


def _drop_normalized_packages(pipeline: dlt.Pipeline) -> None:
    """Remove extracted packages that a killed process had normalized and not removed yet.

    dlt would normalize them again, and always fail because the normalized package exists.
    """
    for load_id in {*pipeline.list_extracted_load_packages()} & {*pipeline.list_normalized_load_packages()}:
        shutil.rmtree(Path(pipeline.working_dir, "normalize", "extracted", load_id))


def _empty_staging_tables(pipeline: dlt.Pipeline) -> None:
    """Empty the staging tables that a killed process may have filled without recording it.

    dlt would copy the same files again, on top of these rows, and then merge every row twice.
    """
    packages = _packages(pipeline)
    started = [
        ParsedLoadJobFileName.parse(file)
        for load_id in pipeline.list_normalized_load_packages()
        for file in packages.list_started_jobs(load_id)
        if not packages.load_pending_transition(load_id, Path(file).name)
    ]
    with pipeline.destination_client() as client:
        if not isinstance(client, WithStagingDataset):
            return
        copied = {job.table_name for job in started if job.file_format != "sql"}
        if tables := set(filter(client.should_load_data_to_staging_dataset, copied)):
            with client.with_staging_dataset():
                client.initialize_storage(truncate_tables=tables)


def _packages(pipeline: dlt.Pipeline) -> PackageStorage:
    return PackageStorage(FileStorage(str(Path(pipeline.working_dir, "load", "normalized"))), "normalized")
