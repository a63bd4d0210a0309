# One command for each thing you may want; `make` alone lists them.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help scan test check format lint types contracts tests e2e beds docs lock deb bench clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9]+):.*## /  make \1\t/' | expand -t 18

scan: $(VENV)/base ## fresh machine: install into .venv and scan this host
	@$(BIN)/aiguard-agent scan $(ARGS)

test: $(VENV)/dev ## fresh machine: install with test extras and run the suite
	$(BIN)/pytest $(ARGS)

check: $(VENV)/dev format lint types contracts docs tests ## everything that must hold before a push

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV) || { echo "Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@touch $@

$(VENV)/base: pyproject.toml $(VENV)/python
	@echo "installing into $(VENV), once (half a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/dev: pyproject.toml $(VENV)/python
	@echo "installing into $(VENV) with the test tools, once (a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(VENV)/base

format: $(VENV)/dev ## is every file formatted?
	$(BIN)/ruff format --check src tests bench docs

lint: $(VENV)/dev ## ruff
	$(BIN)/ruff check src tests bench docs

types: $(VENV)/dev ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/dev ## import contracts
	$(BIN)/lint-imports

docs: $(VENV)/dev ## are the generated pages fresh? (make docs WRITE=1 writes them)
	$(BIN)/python docs/generate.py $(if $(WRITE),--write)

tests: $(VENV)/dev
	$(BIN)/pytest

beds: $(VENV)/dev ## install the real servers that the end-to-end tests start
	$(BIN)/python tests/e2e/install.py

e2e: beds ## end-to-end tests against real servers (root sees most)
	$(BIN)/pytest -m e2e tests/e2e tests/hostile tests/deploy $(ARGS)

lock: $(VENV)/dev ## renew the lock file of the service install
	$(BIN)/uv pip compile --quiet --upgrade --generate-hashes --universal --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate pyproject.toml --output-file deploy/requirements.lock

deb: $(VENV)/python ## build the Debian package into dist/
	@PYTHON=$(BIN)/python deploy/deb/build

bench: $(VENV)/dev ## ratios against psutil and others (minutes; not a test)
	$(BIN)/python bench/sweep.py
	$(BIN)/python bench/store_walk.py
	$(BIN)/python bench/ledger.py

clean: ## remove what the targets made, the beds too
	rm -rf $(VENV) .beds .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage dist
