"""dlt's configuration while our pipeline runs: ours alone, whatever the environment and dlt's files contain.

dlt looks for its settings by their bare names: `DEV_MODE` renames the dataset, `REFRESH` drops loaded rows. So we
replace dlt's providers of configuration by our own. Only the section `destination`, which defines how to reach another
engine, still comes from the environment and from files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dlt.common.configuration.container import Container
from dlt.common.configuration.providers import EnvironProvider
from dlt.common.configuration.providers.dictionary import DictionaryProvider
from dlt.common.configuration.providers.provider import ConfigProvider
from dlt.common.configuration.resolve import resolve_configuration
from dlt.common.configuration.specs import PluggableRunContext, RuntimeConfiguration
from dlt.common.runtime.run_context import RunContext
from dlt.common.utils import update_dict_nested

DESTINATION = "destination"


@contextmanager
def isolated_dlt(folder: Path, files: Iterable[Mapping[str, Any]] | None = None) -> Iterator[None]:
    """Run dlt in this folder with our configuration only.

    `files` are the contents of files of settings, the most important first: their section `destination` counts, and
    that of the environment. With None, DuckDB is the only engine.
    """
    configuration: dict[str, Any] = {
        "runtime": {"dlthub_telemetry": False, "log_level": "CRITICAL", "intercept_signals": False},
        "providers": {"enable_airflow_secrets": False},
        "load": {"delete_completed_jobs": True},  # the warehouse has the rows; their Parquet can go
    }
    providers: list[ConfigProvider] = []
    if files is None:  # the next sync repeats what DuckDB could not load, on a newly opened file
        configuration["load"]["raise_on_max_retries"] = 1
    else:
        found: dict[str, Any] = {}
        for content in reversed([*files]):
            update_dict_nested(found, {DESTINATION: content.get(DESTINATION, {})})
        configuration |= found
        providers = [_DestinationsInEnvironment()]
    with Container().injectable_context(
        PluggableRunContext(_Context(folder, [*providers, _FixedValues(configuration)]))
    ):
        yield


class _FixedValues(DictionaryProvider):
    """Values given in code."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._config_doc = values


class _DestinationsInEnvironment(EnvironProvider):
    """The environment variables of the section `destination`."""

    def get_value(self, key: str, hint: Any, pipeline_name: str | None, *sections: str) -> tuple[Any, str]:
        if sections[:1] == (DESTINATION,):
            return super().get_value(key, hint, pipeline_name or "", *sections)
        return None, self.get_key_name(key, *sections)


class _Context(RunContext):
    """The folder of all of dlt's files, and the providers of its configuration."""

    def __init__(self, folder: Path, providers: list[ConfigProvider]) -> None:
        super().__init__(str(folder))
        self._global_dir = str(folder)
        self._providers = providers

    def initialize_runtime(self, runtime_config: RuntimeConfiguration | None = None) -> None:
        """Keep dlt from preparing logs, telemetry and an HTTP client of its own, of which nothing here is used."""
        self._runtime_config = runtime_config or resolve_configuration(RuntimeConfiguration())

    @property
    def run_dir(self) -> str:
        return self._init_run_dir

    @property
    def local_dir(self) -> str:
        return self._init_run_dir

    @property
    def data_dir(self) -> str:
        return self._init_run_dir

    def initial_providers(self) -> list[ConfigProvider]:
        return [*self._providers]
