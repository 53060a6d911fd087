# `make` lists what there is. Nothing here needs more than Python and make.

PYTHON ?= python3
PORT ?= 8000
# Processes that run tests; they wait more than they compute, so one more than two processors.
JOBS ?= 3

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Faxes in the tables, from few to many.
SIZES ?= 10000,100000,1000000

# What is measured beside faxhooks has its own pins; `make bench` installs them.
PEERS := benchmarks/peers

# Stamps, so that a second run starts at once. They lie in the environment and go with it.
MADE := $(VENV)/.made
RUNTIME := $(VENV)/.runtime
DEV := $(VENV)/.dev

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint bench bench-growth bench-queries screenshots faults faults-mutants requirements clean

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(RUNTIME) ## start a demo on PORT (8000), with an embedded database
	FAXHOOKS_ENV=development $(BIN)/faxhooks demo --port $(PORT)

test: lint ## run every check, on SQLite and on a real PostgreSQL
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(DEV) ## check style, types and who imports whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(DEV) ## measure the way in against other receivers, and judge every goal
	$(BIN)/python -m benchmarks.hook

bench-growth: $(DEV) ## measure and draw the price of a callback and of each query as the tables grow
	$(BIN)/python -m benchmarks.hook --faxes $(SIZES) --json var/bench/growth.json
	$(BIN)/python -m benchmarks.queries --faxes $(SIZES) --no-pages --no-exports \
		--json var/bench/growth-queries.json
	$(BIN)/python -m benchmarks.plot

bench-queries: $(DEV) ## measure the queries as the tables grow, which takes ten minutes
	$(BIN)/python -m benchmarks.queries

screenshots: $(DEV) ## take the pictures of the dashboard in docs/screenshots, with Chromium
	$(BIN)/python -m benchmarks.screenshots

faults: $(DEV) ## prove every promise through its fault, in full
	$(BIN)/python -m tests.faults

faults-mutants: $(DEV) ## break the service on purpose: every proof must notice
	$(BIN)/python -m tests.faults --mutants

requirements: $(DEV) ## pin the newest versions that setup.cfg and requirements*.in allow
	$(PIP) install uv
	$(COMPILE) setup.cfg requirements.in --output-file requirements.txt
	$(COMPILE) --constraint requirements.txt setup.cfg requirements.in requirements-dev.in \
		--output-file requirements-dev.txt
	$(COMPILE) $(PEERS)/requirements.in --output-file $(PEERS)/requirements.txt

clean: ## remove what was installed and built; var/, the demo's data, stays
	rm -rf $(VENV) $(PEERS)/.venv $(PEERS)/fastify_pg/node_modules build dist *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# Hashes for every platform and every Python from 3.11, and no word of where they came from.
COMPILE := $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make requirements'

$(MADE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo 'faxhooks needs Python 3.11 or newer. Say where: make PYTHON=/path/to/python3.11' >&2; \
		exit 1; }
	@echo 'Making the virtual environment in $(VENV)'
	@$(PYTHON) -m venv $(VENV)
	@touch $@

# The pins hold setuptools too, so that the package itself is built without fetching anything.
$(RUNTIME): $(MADE) requirements.txt setup.cfg pyproject.toml
	@echo 'Installing what faxhooks needs'
	@$(PIP) install --require-hashes -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.txt
	@echo 'Installing what checks it'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@
