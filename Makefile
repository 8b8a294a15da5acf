# Thin wrappers for those who have make; everything here is also written out in README.md and CONTRIBUTING.md.
BIN := .venv/bin
COMPILE := uv pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
	--python-version 3.11 --extra sandbox --extra report $(UPGRADE)

.PHONY: help demo test lint format lock simulate soak mutate bench docs
SEEDS ?= 100

help: ## list the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

.venv: requirements-dev.lock pyproject.toml
	python3 -m venv .venv
	$(BIN)/pip install -q -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch .venv

demo: .venv ## the whole job on the simulated API
	$(BIN)/portouts demo

test: .venv ## all tests
	$(BIN)/pytest

lint: .venv ## ruff and mypy, changing nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: .venv ## let ruff mend and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

simulate: .venv ## whole syncs from seeds on all cores: make simulate SEEDS=500 (READING=1 for the reading logic alone)
	cd tests && ../$(BIN)/python -m simulation --seeds $(SEEDS) $(if $(READING),,--whole)

soak: .venv ## twenty readers for two minutes while syncs publish
	cd tests && ../$(BIN)/python -m readers --seconds 120 --readers 20

mutate: .venv ## break five mechanisms on purpose, and show which seed notices
	cd tests && ../$(BIN)/python -m simulation --mutations

bench: .venv ## portouts against what people would use instead, on 20,000 simulated orders
	$(BIN)/python benchmarks/compare.py --json data/benchmark.json --markdown docs/benchmarks.md --picture docs/benchmarks.svg

docs: .venv ## write docs/marts.md and docs/commands.md again
	$(BIN)/python -m portouts.data_dictionary > docs/marts.md
	$(BIN)/python -m portouts.command_reference > docs/commands.md

lock: ## write both lock files again (needs uv); `make lock UPGRADE=--upgrade` takes the newest versions
	$(COMPILE) -o requirements.lock pyproject.toml
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock pyproject.toml
