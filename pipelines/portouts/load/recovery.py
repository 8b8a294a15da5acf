"""What a load failed of; and load packages that a killed process has left for another engine, finished.

For the working file nothing is finished: what a killed load was about to commit is read again.
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


def finish_and_forget(pipeline: dlt.Pipeline) -> dlt.Pipeline:
    """Load what a killed process has left, each row once; then forget what the destination remembers itself."""
    if pipeline.has_pending_data:  # a run that finds a package finishes it and reads nothing
        _drop_what_is_normalized(pipeline)
        _empty_half_noted_copies(pipeline)
        pipeline.run()
    with pipeline.destination_client() as client:
        remembers = isinstance(client, WithStateSync)
    return pipeline.drop() if remembers else pipeline


def own_error(error: PipelineStepFailed) -> BaseException:
    """Find what a load failed of: one of ours as it was raised, one of the machine's, else dlt's in one line."""
    for found in faults.chain(error):
        if isinstance(found, PortoutsError | KeyboardInterrupt):
            return found
    if cause := faults.cause_in(error):
        return cause
    failure = error.exception.client_exception if isinstance(error.exception, LoadClientJobRetry) else error.exception
    said = str(failure).partition("\n")[0] or type(failure).__name__
    return LoadFailed(
        f"dlt could not {error.step} a load package: {said}. What was loaded before is kept. Run the sync again: it "
        "reads this part once more."
    )


def _drop_what_is_normalized(pipeline: dlt.Pipeline) -> None:
    """Remove extracted packages of which a killed process had made the normalized one, and not removed them yet.

    dlt would normalize them again and find the place taken, however often it is run.
    """
    for load_id in {*pipeline.list_extracted_load_packages()} & {*pipeline.list_normalized_load_packages()}:
        shutil.rmtree(Path(pipeline.working_dir, "normalize", "extracted", load_id))


def _empty_half_noted_copies(pipeline: dlt.Pipeline) -> None:
    """Empty the scratch tables that a killed process may have filled without coming to note it.

    dlt copies the files of such tables again, on top of what is there, and then merges every row twice.
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
