# `make run` starts the portal; `make test` checks it. Both install what they need.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
# Nothing but `make bench` uses this one.
PEERS ?= .venv-bench
REPEATS ?= 7
# For `make gpu-wheels`: a folder, and the wheels that a machine with a GPU can install.
GPU_WHEELS ?= build/gpu-wheels
GPU_PLATFORMS := manylinux_2_28_x86_64 manylinux_2_27_x86_64 manylinux_2_17_x86_64 \
	manylinux2014_x86_64

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input --no-compile -qq
# On all cores, where pip would use one. What is for another Python does not compile.
COMPILE := $(BIN)/python -m compileall -q -j 0 $(VENV)/lib >/dev/null 2>&1 || true
# The same for our own code. A process of the portal starts in a third of the time, and
# tests start many: so keep what Python compiles, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE
# By pip itself: no peer is to compile while it is measured.
PEERS_PIP := $(filter-out --no-compile,$(PIP:$(BIN)/%=$(PEERS)/bin/%))
PYTEST := $(BIN)/python -m pytest -q -p no:cacheprovider
# Tests of real processes go by folder: see tests/conftest.py. Most of them wait, so
# two processes more than there are cores keep the cores busy.
PARALLEL := -n $$(($(JOBS) + 2)) --dist loadgroup

.DEFAULT_GOAL := help
.PHONY: help run install install-dev test test-long test-sqlite test-postgres \
	test-as-nobody debian check collected collected-postgres compiled format openapi \
	lock bench bench-pages bench-rush bench-growth gpu-wheels screenshot clean

help: ## Say what there is to do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

run: ## Install, prepare and start the portal: make run PORT=9000 BIND=0.0.0.0
	@$(PYTHON) portal/supervisor/ports.py .env
	@$(MAKE) --no-print-directory install
	@$(BIN)/python scripts/write_env.py .env
	@$(BIN)/python manage.py prepare
	@exec $(BIN)/python manage.py up

# --- Installing ---------------------------------------------------------------

install: $(VENV)/.base
	@:

install-dev: $(VENV)/.dev
	@:

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
	  "Softmark needs Python 3.11 or later: make $(MAKECMDGOALS) PYTHON=python3.11")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python has no venv: on Debian, apt-get install python3-venv" >&2; exit 1; }
	@echo "Making the virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.base: requirements/base.txt requirements/torch.txt requirements/torch-extras.txt | $(BIN)/python
	@echo "Installing what Softmark needs (a minute or more the first time)"
	@$(PIP) --require-hashes -r requirements/base.txt
	@$(BIN)/python -c 'import importlib.util as u, sys; sys.exit(not u.find_spec("torch"))' \
	  || $(PIP) -r requirements/torch.txt
	@$(PIP) --require-hashes --no-deps -r requirements/torch-extras.txt
	@$(COMPILE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.base
	@echo "Installing what the tests need"
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(COMPILE)
	@touch $@

# --- Checking -----------------------------------------------------------------

test: ## Check the code, then run every test on PostgreSQL
	@$(MAKE) --no-print-directory -j2 install-dev debian
	@$(MAKE) --no-print-directory -k -j2 check collected-postgres

# Many tests wait, so the checks use the time that they leave.
collected-postgres: collected
	@$(MAKE) --no-print-directory test-postgres

# Once for all processes that run tests.
collected: install-dev
	@$(PYTEST) --collect-only >/dev/null 2>&1 || true

test-sqlite: install-dev compiled ## Every test, on SQLite
	@echo "== Tests on SQLite"
	@env -u DATABASE_URL $(PYTEST) $(PARALLEL) $(ARGS)

test-postgres: install-dev compiled ## Every test, on PostgreSQL
	@echo "== Tests on PostgreSQL"
	@$(BIN)/python -m tests.services.postgres $(PYTEST) $(PARALLEL) $(ARGS)

test-long: install-dev compiled ## What is slow and rarely changes, and SQLite; `make test` leaves it out
	@echo "== Tests that use the database, and long ones, on SQLite"
	@status=0; \
	env -u DATABASE_URL $(PYTEST) $(PARALLEL) --second-run $(ARGS) || status=1; \
	echo "== Long tests of real processes on PostgreSQL"; \
	$(BIN)/python -m tests.services.postgres $(PYTEST) $(PARALLEL) --long \
	  --database-only tests/faults || status=1; \
	exit $$status

compiled: install-dev
	@$(BIN)/python -m compileall -q -j 0 accounts courses formats gradebook grading portal \
	  rendering runner storage submissions cli >/dev/null

test-as-nobody: ## The jail's tests as a user without rights (from root, of HEAD)
	@sh scripts/test_as_nobody.sh $(ARGS)

debian:
	@sh scripts/install_debian.sh

check: install-dev ## Lint, types, layers, templates, spelling, migrations
	@sh scripts/check.sh $(BIN)

format: install-dev ## Format the code and the templates
	@$(BIN)/ruff check --fix --quiet .; $(BIN)/ruff format --quiet .
	@find templates -name '*.html' -exec $(BIN)/djade --target-version 5.2 {} +

openapi: install-dev ## Write docs/openapi.yaml anew
	@SECRET_KEY=only-for-this-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx SOFTMARK_VAR=$$(mktemp -d) \
	  $(BIN)/python manage.py spectacular --fail-on-warn --validate --file docs/openapi.yaml

lock: ## Write the hashed lock files anew (needs uv)
	cd requirements && \
	uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --quiet dev.in -o dev.txt && \
	uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --quiet base.in -c dev.txt -o base.txt && \
	uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --quiet bench.in -o bench.txt && \
	uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-deps --quiet torch-extras.in -o torch-extras.txt && \
	uv pip compile --python-version 3.12 --python-platform linux --generate-hashes \
	  --no-emit-index-url --quiet gpu-check.in -o gpu-check.txt

# --- Measuring ----------------------------------------------------------------

bench: install $(PEERS)/.installed ## Measure beside peers: make bench ROWS=1,3 REPEATS=7 WRITE=docs/benchmarks.md
	@$(BIN)/python -m bench --peers $(PEERS)/bin/python --repeats $(REPEATS) \
	  $(if $(ROWS),--rows $(ROWS)) $(if $(WRITE),--write $(WRITE))

bench-pages: install ## Measure the pages of a course of 300: make bench-pages WRITE=docs/page-times.md
	@$(BIN)/python -m bench.pages $(if $(WRITE),--write $(WRITE))

bench-rush: install-dev ## Measure 900 hand-ins within three minutes: make bench-rush WRITE=docs/rush.md
	@$(BIN)/python -m tests.services.postgres $(BIN)/python -m bench.rush $(if $(WRITE),--write $(WRITE))

gpu-wheels: | $(BIN)/python ## Fetch what scripts/gpu_check.sh needs on a machine without a network
	@rm -f $(GPU_WHEELS)/*.whl
	@$(BIN)/python -m pip download --disable-pip-version-check --no-input --quiet \
	  --no-deps --only-binary=:all: --require-hashes --dest $(GPU_WHEELS) \
	  --python-version 3.12 --implementation cp $(GPU_PLATFORMS:%=--platform %) \
	  -r requirements/gpu-check.txt
	@du -sh $(GPU_WHEELS)

bench-growth: install-dev ## Measure lists at 100 to 1,000,000 runs: make bench-growth SIZES=100,10000 WRITE=docs/growth.md
	@$(BIN)/python -m bench.growth $(if $(SIZES),--sizes $(SIZES)) $(if $(WRITE),--write $(WRITE))

$(PEERS)/.installed: requirements/bench.txt requirements/torch.txt
	@echo "Installing what Softmark is measured against in $(PEERS)"
	@$(PYTHON) -m venv $(PEERS)
	@$(PEERS_PIP) --require-hashes -r requirements/bench.txt
	@$(PEERS_PIP) -r requirements/torch.txt
	@touch $@

screenshot: install-dev debian ## Take docs/screenshot.png of the demo course
	@$(BIN)/python scripts/screenshot.py

clean: ## Remove the virtual environment and caches, never var/
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
