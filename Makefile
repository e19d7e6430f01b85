# Every target sets itself up; a second run is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
FILE ?=
SIZES ?= 1 5
SIZE_MB ?= 256
TIMES ?= 5
SECOND := $(addprefix tests/online/test_,forwarding.py journey.py migrate.py previous_version.py vault.py)
# Files that run longest begin first (tests/conftest.py), so neither worker waits for the other at the end.
WORKERS := -n 2 --dist loadfile --no-loadscope-reorder
PLAIN := $(shell grep -rl --include='test_*.py' 'mark\.plain' tests)
.PHONY: demo demo-large test test-postgres test-second checked lint types layers bench bench-import bench-load bench-day docs oracle lock clean soak tieout-inject

# A year played against the services, closed and reported; with the database that the `api` extra brings.
demo: $(VENV)/.ready-api
	$(BIN)/loanbook world

# Sixty thousand loans in columns, closed and reported; the core alone.
demo-large: $(VENV)/.ready
	$(BIN)/loanbook demo

test: $(VENV)/.ready-dev checked
	$(BIN)/python -m pytest -q $(WORKERS) tests
	LOANBOOK_JIT=0 $(BIN)/python -m pytest -q $(WORKERS) -W error::RuntimeWarning -m "plain" $(PLAIN)

# Kernels are compiled beside the checks: by each worker of the suite they would be compiled twice.
checked: $(VENV)/.ready-dev
	+@$(MAKE) --no-print-directory -j 4 -O $(VENV)/.compiled lint types layers

$(VENV)/.compiled: $(VENV)/.ready-dev $(shell find src/loanbook -name '*.py')
	$(BIN)/python -m tests.compiling
	@touch $@

# The service suite on every PostgreSQL of this machine: the system's, and those that the wheel brings. VERSIONS="18" names some.
test-postgres: $(VENV)/.ready-dev
	for version in $${VERSIONS:-$$($(BIN)/python -m tests.online.servers --all)}; do \
		echo "PostgreSQL $$version"; \
		LOANBOOK_TEST_POSTGRES=$$version $(BIN)/python -m pytest -q $(WORKERS) tests/online || exit 1; \
	done

# A part of it on the newest server other than the one that `make test` takes.
test-second: $(VENV)/.ready-dev checked
	@set -- $$($(BIN)/python -m tests.online.servers); \
	if [ -z "$$1" ]; then echo "only one PostgreSQL is on this machine: the second run is left out"; else \
		echo "PostgreSQL $$1"; LOANBOOK_TEST_POSTGRES=$$1 $(BIN)/python -m pytest -q $(WORKERS) $(SECOND); fi

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check src tests
	$(BIN)/ruff format --check src tests

types: $(VENV)/.ready-dev
	$(BIN)/mypy src

layers: $(VENV)/.ready-dev
	$(BIN)/lint-imports

bench: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench --sizes $(SIZES)

bench-import: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench.importing --size-mb $(SIZE_MB)

# Drawdowns over HTTP and in batches; needs Debian's package wrk.
bench-load: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench.load

bench-day: $(VENV)/.ready-dev
	$(BIN)/python -m tests.bench.day --loans 100000

# Slips written into releases and filings, one a trial; the tables go into docs/performance.md.
tieout-inject: $(VENV)/.ready-dev
	$(BIN)/python -m tests.tieout.inject --page

# Kills `loanbook import` TIMES as often as the tests do, and before every step of its commit.
soak: $(VENV)/.ready-dev
	LOANBOOK_SOAK=$(TIMES) $(BIN)/python -m pytest -q tests/commands/test_killed_import.py tests/online/test_killed_store.py
	$(BIN)/python -m tests.soak.reservations

docs: $(VENV)/.ready-dev
	$(BIN)/python -m tests.reference_pages

oracle: $(VENV)/.ready-dev
	$(BIN)/python -m tests.oracles $(FILE)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.ready: requirements.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.ready-api: $(VENV)/.ready requirements-api.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-api.txt
	touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	touch $@

lock:
	$(PYTHON) -m venv .venv/lock && .venv/lock/bin/pip install --quiet uv
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml requirements-build.in -o requirements.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements.txt --extra api pyproject.toml requirements-dev.in -o requirements-dev.txt
	.venv/lock/bin/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements.txt -c requirements-dev.txt --extra api pyproject.toml requirements-build.in -o requirements-api.txt

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
