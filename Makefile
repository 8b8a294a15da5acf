# Short names for those who have make; README.md and CONTRIBUTING.md write every command out.
BIN := .venv/bin
UV ?= uv
LOCK := --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	--emit-build-options --python-version 3.11
COMPILE := "$$uv" pip compile $(LOCK) --only-binary :all: \
	--extra sandbox --extra report --extra alerts --extra metrics \
	--extra excel --extra postgresql --extra s3 $(UPGRADE)
SPARK := sed -n 's/^spark = //p' pyproject.toml | tr '"' '\n' | grep '^py'
SEEDS ?= 100
EXAMPLES ?= 20000

.PHONY: help demo test test-fast ci lint lint-imports format hooks simulate soak fuzz mutate bench docs lock audit sbom

help: ## list the targets
	@grep -E '^[a-z.-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.venv: requirements-dev.lock pyproject.toml ## install what development needs
	python3 -m venv .venv
	$(BIN)/pip install -q -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch .venv

demo: .venv ## run the whole job on the simulated API
	$(BIN)/portouts demo

test: .venv ## run all tests
	$(BIN)/pytest

test-fast: .venv ## run the tests that take about a minute together, on all cores
	$(BIN)/pytest -m "not slow"

ci: ## run what the build runs: install, tests, linters
	.ci/run

lint: .venv lint-imports ## run ruff, mypy and the linter of imports; change nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

lint-imports: .venv ## check which room imports which
	$(BIN)/lint-imports

format: .venv ## let ruff mend and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

hooks: .venv ## run the linters before each commit from now on
	$(BIN)/pre-commit install

simulate: .venv ## run whole syncs from seeds on all cores: make simulate SEEDS=500 (READING=1 for the reading logic alone)
	cd tests && ../$(BIN)/python -m simulation --seeds $(SEEDS) $(if $(READING),,--full-sync)

soak: .venv ## run twenty readers for two minutes while syncs publish
	cd tests && ../$(BIN)/python -m concurrent_readers --seconds 120 --readers 20

fuzz: .venv ## try parsers and settings with random input: make fuzz EXAMPLES=100000
	FUZZ_EXAMPLES=$(EXAMPLES) $(BIN)/pytest tests/test_fuzz.py tests/test_fuzz_alerts.py tests/test_fuzz_settings.py

mutate: .venv ## break each mechanism on purpose, and show which seed notices
	cd tests && ../$(BIN)/python -m simulation --mutations

bench: .venv ## compare portouts with the usual ways to load, on 20,000 simulated orders
	$(BIN)/python benchmarks/compare.py --json data/benchmark.json --markdown docs/benchmarks.md --picture docs/benchmarks.svg

docs: .venv ## write the generated pages of docs/ again
	$(BIN)/python -m portouts.transform.dictionary > docs/marts.md
	$(BIN)/python -m portouts.commands.reference > docs/commands.md

# Without uv, it comes from the registry into a folder that is removed again. The locks allow wheels only: nothing of a
# package runs, or fetches anything, while it is installed. pyspark has no wheel: pip reads the options in order, and
# `:all:` takes back an exception that stands before it.
lock: ## write all lock files again; `make lock UPGRADE=--upgrade` takes the newest versions
	@set -e; uv="$(UV)"; if ! command -v "$$uv" >/dev/null; then \
		folder=$$(mktemp -d); trap 'rm -rf "$$folder"' EXIT; \
		python3 -m venv "$$folder"; "$$folder/bin/pip" install -q uv; uv="$$folder/bin/uv"; \
	fi; \
	$(COMPILE) -o requirements.lock pyproject.toml; \
	$(COMPILE) --extra dagster --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml; \
	$(SPARK) | "$$uv" pip compile $(LOCK) --only-binary :all: --no-binary pyspark -c requirements-dev.lock \
		-o requirements-spark.lock $(UPGRADE) -; \
	if [ "$$(head -n 1 requirements-spark.lock)" = "--no-binary pyspark" ]; then sed -i '1{h;d};2G' requirements-spark.lock; fi

audit: .venv ## compare the locked packages with published advisories, where a source can be reached
	$(BIN)/python tools/audit.py requirements.lock

sbom: .venv ## write the bill of materials of requirements.lock to dist/
	mkdir -p dist
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible -o dist/portouts.cdx.json requirements.lock
