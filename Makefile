# `make run` and `make test` are all that is needed; `make help` lists the rest.
#
# Python 3.11 or newer is the only thing that must be there before.

SHELL := /bin/sh
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run test test-fast lint format bench manage lock upgrade logs clean needs tests

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
DATA_DIR ?= .data
SECOND_IDP := tests/servers/second_identity_provider
APPS := orgsecurity accounts domains twofactor sso scim discoverability
# What failed last time, then the quickest: as many as fit (tests/support/budget.py).
FAST := -m 'not slow and not journey' --within=45

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ── Use ──────────────────────────────────────────────────────────────────────────────────────────

run: $(VENV)/run.stamp ## Start everything on this machine: PORT=8000, DATA_DIR=.data
	@DATA_DIR='$(DATA_DIR)' $(BIN)/python -m orgsecurity.launcher --exit-with-parent --reload

manage: $(VENV)/run.stamp ## A management command beside `make run`: ARGS='create_organization Acme …'
	@if [ -f '$(DATA_DIR)/environment' ]; then set -a; . '$(abspath $(DATA_DIR))/environment'; set +a; \
	elif [ -z "$$DATABASE_URL" ]; then \
		echo "Nothing runs on $(DATA_DIR): start \`make run\` first, or set DATABASE_URL." >&2; exit 1; fi; \
	$(BIN)/python manage.py $(ARGS)

logs: ## What web, worker and the others of `make run` say, as they say it
	@tail -n 5 -F $(DATA_DIR)/log/*.log

# ── Test ─────────────────────────────────────────────────────────────────────────────────────────

# Lint runs beside the tests, on the time that they wait; what it says is told at the end.
test: $(VENV)/dev.stamp needs ## Everything: style, types, imports, all tests; CI runs this
	@mkdir -p .artifacts; \
	$(MAKE) lint >.artifacts/lint.log 2>&1 & lint=$$!; trap 'kill $$lint 2>/dev/null' INT TERM; \
	status=0; $(MAKE) tests || status=1; \
	wait $$lint || { status=1; echo 'lint failed:' >&2; }; \
	cat .artifacts/lint.log; exit $$status

test-fast: $(VENV)/dev.stamp ## The inner loop, under a minute: TESTS=tests/scim for one part
	@$(BIN)/python -m pytest -q -n auto --dist worksteal $(FAST) $(TESTS)

tests: $(VENV)/dev.stamp
	@$(BIN)/python -m pytest -n auto --dist worksteal $(TESTS)

lint: $(VENV)/dev.stamp ## Style, types, who imports whom, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/djlint --quiet --lint templates
	$(BIN)/mypy

format: $(VENV)/dev.stamp ## Put everything into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev.stamp ## How fast it is, beside its floors and peers: BENCH=sign_in for one
	@$(BIN)/python -m tests.support.needs nsd wrk chromium
	@$(BIN)/python -m tests.bench $(BENCH)

needs: $(VENV)/dev.stamp
	@$(BIN)/python -m tests.support.needs chromium redis-server xmlsec1 node npm
	@$(MAKE) -s $(SECOND_IDP)/node_modules/.package-lock.json

# The second identity provider of the tests runs on Node; its lock names no registry.
$(SECOND_IDP)/node_modules/.package-lock.json: $(SECOND_IDP)/package-lock.json
	@cd $(SECOND_IDP) && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# ── Dependencies ─────────────────────────────────────────────────────────────────────────────────

$(VENV)/bin/python:
	@test -n '$(PYTHON)' || { echo 'Python 3.11 or newer is needed and was not found.' >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo 'Python came without venv; on Debian: apt-get install python3-venv' >&2; exit 1; }

# --no-compile: what is imported is compiled then, the other nine tenths never.
INSTALL = $(BIN)/python -m pip install -qq --disable-pip-version-check --no-compile --require-hashes

$(VENV)/run.stamp: requirements/run.txt | $(VENV)/bin/python
	@echo 'Installing what requirements/run.txt lists …' >&2
	@$(INSTALL) -r requirements/run.txt >&2
	@touch $@

# dev.txt holds run.txt, version for version.
$(VENV)/dev.stamp: requirements/dev.txt | $(VENV)/bin/python
	@echo 'Installing what requirements/dev.txt lists …' >&2
	@$(INSTALL) -r requirements/dev.txt >&2
	@touch $(VENV)/run.stamp $@

lock: $(BIN)/pip-compile ## Write requirements/*.txt anew from *.in, keeping versions that still fit
	@$(COMPILE) requirements/dev.in --output-file requirements/dev.txt
	@$(COMPILE) requirements/run.in --output-file requirements/run.txt --constraint requirements/dev.txt
	@$(COMPILE) requirements/base.in --output-file requirements/base.txt --constraint requirements/dev.txt

upgrade: ## The same with the newest versions
	@rm -f requirements/*.txt
	@$(MAKE) lock

# dev.txt holds all of them: the other two take their versions from it, so that the three agree.
COMPILE = CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/pip-compile --quiet --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

$(BIN)/pip-compile: | $(VENV)/bin/python
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools

clean: ## Remove what was made: the environment, caches, and the demo's data
	rm -rf $(VENV) .data .artifacts .static .mypy_cache .ruff_cache .pytest_cache
