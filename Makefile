# landseg: `make help` lists the commands. Each sets up what it needs; a second run installs nothing.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# The first interpreter that is new enough; choose another with `make PYTHON=...`.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	command -v $$name >/dev/null && $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$name; break; }; done)
BIN := .venv/bin
PINS := pyproject.toml constraints.txt
DEMO := demo

.PHONY: help demo run test test-all coverage lint bench bench-assistant starter screenshots clean

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: .venv/base.stamp .venv/system.stamp ## The main job on generated imagery: train, evaluate, predict, export; then the window, where there is a display
	@$(BIN)/landseg demo --out $(DEMO) --overwrite

run: .venv/base.stamp .venv/system.stamp ## Open the window
	@$(BIN)/landseg-gui

# One process more than there are processors: tests of the window wait a good part of their time.
WORKERS := $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PYTEST := OMP_NUM_THREADS=1 QT_QPA_PLATFORM=offscreen $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

test: .venv/test.stamp .venv/system.stamp ## Run the tests; LANDSEG_DATA names the folder of real imagery, if there is one
	@$(PYTEST) -m 'not slow' $(PYTEST_ARGS)

test-all: .venv/test.stamp .venv/system.stamp ## Run the slow tests too: kills, damage, long properties
	@$(PYTEST) $(PYTEST_ARGS)

coverage: .venv/test.stamp .venv/system.stamp ## Run all tests and list the lines and branches that none of them takes
	@$(PYTEST) --cov --cov-report=term-missing:skip-covered $(PYTEST_ARGS)

lint: .venv/dev.stamp ## Check format, style, types and layers
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/bench.stamp .venv/system.stamp ## Measure speed and memory, and what labels are worth without any training
	@$(BIN)/python -m benchmarks
	@if [ -n "$$LANDSEG_DATA" ]; then $(BIN)/python -m benchmarks assistant --without-training --missing; \
	else echo "LANDSEG_DATA is not set: what labels are worth is not measured"; fi

bench-assistant: .venv/bench.stamp .venv/system.stamp ## Measure what labels are worth, training included: hours (needs LANDSEG_DATA)
	@$(BIN)/python -m benchmarks assistant --missing

starter: .venv/test.stamp ## Train the starter model anew and write it to resources/: an hour or two (needs LANDSEG_DATA)
	@test -n "$$LANDSEG_DATA" || { echo "set LANDSEG_DATA to the folder of the shared imagery" >&2; exit 1; }
	@$(BIN)/python scripts/starter.py "$$LANDSEG_DATA" --work .bench/starter

screenshots: .venv/test.stamp .venv/system.stamp ## Make the README's pictures anew (needs LANDSEG_DATA and xvfb)
	@scripts/on_screen $(BIN)/python scripts/screenshots.py docs/pictures

clean: ## Remove the environment and all that was built
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage .coverage.*

.venv/base.stamp: EXTRA := [pretrained]
.venv/test.stamp: EXTRA := [test]
.venv/bench.stamp: EXTRA := [bench]
.venv/dev.stamp: EXTRA := [dev]
.venv/base.stamp .venv/test.stamp .venv/bench.stamp .venv/dev.stamp: .venv/bin/python $(PINS)
	@echo "Installing landseg$(EXTRA) into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.$(EXTRA)'
	@touch $@

.venv/system.stamp: scripts/system_libraries.py | .venv/bin/python
	@$(BIN)/python scripts/system_libraries.py
	@touch $@

# A venv without pip is half a venv: where ensurepip is missing, say what to install instead of leaving one behind.
.venv/bin/python:
	@test -n '$(PYTHON)' || { echo "landseg needs Python 3.11 or newer: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "Python's venv module is missing: sudo apt-get install $$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')" >&2; exit 1; }
	@$(PYTHON) -m venv .venv
