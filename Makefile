# st-audit: `make help` lists the targets. Each sets up what it needs, so any of them may be the first.
#
# Needed beforehand: make, Python 3.11 or newer and pip. PYTHON= names another interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
CHECKED := auditor parsers baselines tests

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: $(INSTALLED) ## Make .venv with st-audit and everything that it, its tests and its checks use

# A Python without ensurepip (Debian's, short of python3-venv) gets its packages from the outer pip.
$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "st-audit needs Python 3.11 or newer; name one: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@if ! $(BIN)/python -c '' 2>/dev/null; then \
		rm -rf $(VENV); \
		if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv $(VENV); \
		else $(PYTHON) -m venv --without-pip $(VENV); fi; \
	fi
	@if $(BIN)/python -c 'import pip' 2>/dev/null; then pip=($(BIN)/python -m pip); \
	elif $(PYTHON) -c 'import pip' 2>/dev/null; then pip=($(PYTHON) -m pip --python $(BIN)/python); \
	else echo "no pip for $(PYTHON): install python3-pip or python3-venv" >&2; exit 1; fi; \
	"$${pip[@]}" install --quiet --require-hashes -r requirements.lock; \
	"$${pip[@]}" install --quiet --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: $(INSTALLED) ## Audit the built-in firewall over SSH and print the report
	@$(BIN)/st-audit demo

.PHONY: test
test: $(INSTALLED) ## Run the tests (as root on Debian after installing the real firewalls they use)
	@bash tests/setup.sh
	@$(BIN)/python -m pytest -n 2 --dist loadgroup

.PHONY: bench
bench: $(INSTALLED) ## Measure beside the peers into docs/benchmarks.md (BENCH=--quick: small sizes, into build/)
	@$(BIN)/python -m tests.bench $(BENCH)

.PHONY: docs
docs: $(INSTALLED) ## Make docs/gallery and docs/tour.md anew (pictures need Chromium)
	@$(BIN)/python -m tests.gallery

.PHONY: check
check: $(INSTALLED) ## Lint, formatting, types and import contracts: what CI checks
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(CHECKED)
	@$(BIN)/lint-imports

.PHONY: lint
lint: $(INSTALLED) ## Repair what lint and formatting can repair
	@$(BIN)/ruff check --fix . || true
	@$(BIN)/ruff format .

.PHONY: lock
lock: $(INSTALLED) ## Resolve pyproject.toml anew into requirements.lock
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --all-extras \
		pyproject.toml --output-file requirements.lock

.PHONY: clean
clean: ## Remove .venv, caches and build output
	@rm -rf $(VENV) build dist *.egg-info .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
