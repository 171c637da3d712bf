# Everything runs inside .venv, built from requirements.lock on first use. `make` alone lists the targets.

CORES ?= all
PYTHON ?= python3
# uv picks the interpreter itself; for Python 3.14 some locked packages have no wheels yet.
UV_PYTHON ?= >=3.11,<3.14

READY := .venv/.installed
# By the interpreter: the first line of an installed script does not hold every path.
RUN = .venv/bin/python -P -m
SNAKEMAKE = $(RUN) snakemake --logger progress --cores $(CORES)

# Snakemake and numba keep caches there; where the home cannot be written, with Snakemake's records.
CACHE := "$${XDG_CACHE_HOME:-$$HOME/.cache}"
ifneq "$(shell mkdir -p $(CACHE) 2>/dev/null && test -w $(CACHE) && echo yes)" "yes"
export XDG_CACHE_HOME := $(CURDIR)/.snakemake/cache
endif

# One Snakemake at a time, also under -j: it locks the folder and spreads over CORES itself.
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help figures sweep paper audit audit-power calibrate confirm test faults lint format docs reference numbers screenshots bench clean force

help: ## list the targets
	@echo 'usage: make <target> [CORES=n]'
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' Makefile

figures: $(READY) ## every figure and table that needs no download
	@$(SNAKEMAKE) figures

paper: $(READY) ## all results of the paper, Fashion-MNIST included (downloads 31 MB)
	@$(SNAKEMAKE) paper

audit: $(READY) ## every claim of the paper with a verdict, from the results that are there
	@$(SNAKEMAKE) audit

audit-power: $(READY) ## what the audit notices in 200 papers with a mistake, 100 without: 10 minutes
	@$(SNAKEMAKE) audit_power

sweep: $(READY) ## the signal-to-noise grids in full
	@$(SNAKEMAKE) sweep

calibrate: $(READY) ## search the settings that the paper does not state (downloads 31 MB)
	@$(SNAKEMAKE) calibrate

confirm: $(READY) ## what won the kept search, on fresh seeds: about an hour (downloads 31 MB)
	@$(SNAKEMAKE) confirm

test: $(READY) ## run the tests
	@.venv/bin/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

faults: $(READY) ## kill, starve and damage small runs, half an hour (KEEP=1: into results/reference)
	@PYTHONPATH=tests .venv/bin/python -m faults $(if $(KEEP),--keep)

lint: $(READY) ## check style, format and the types of what users call, change nothing
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/snakefmt --check Snakefile workflow
	@.venv/bin/snakemake --lint
	@.venv/bin/mypy

format: $(READY) ## rewrite the code in the project's format
	@.venv/bin/ruff check --quiet --fix --exit-zero .
	@.venv/bin/ruff format --quiet .
	@.venv/bin/snakefmt Snakefile workflow

docs: $(READY) ## build the documentation's site in site/, offline
	@NO_MKDOCS_2_WARNING=1 .venv/bin/python -m mkdocs build --quiet --strict

reference: paper ## full run, then keep its figures, tables and provenance in results/reference
	@$(RUN) emmoe keep

numbers: $(READY) ## rewrite the numbers that README, docs and CHANGELOG quote, from the kept results
	@.venv/bin/python docs/counted.py
	@.venv/bin/python -m emmoe.archive.quoted README.md CHANGELOG.md docs/*.md

screenshots: $(READY) ## take the pictures of the kept report in docs anew (needs Chromium and its driver)
	@PYTHONPATH=tests .venv/bin/python -m screenshots

bench: $(READY) ## speed and memory beside the machine's limits (KEEP=1: into benchmarks/reference)
	@.venv/bin/python -m benchmarks $(if $(KEEP),--keep)

clean: ## remove what was generated; keeps both reference folders, data/downloads and .venv
	@$(if $(wildcard .venv/bin/python),,$(check_version) &&) PYTHONPATH=src PYTHONDONTWRITEBYTECODE=1 \
	    '$(firstword $(wildcard .venv/bin/python) $(PYTHON))' -m emmoe.store.clean

# The scripts in .venv hold absolute paths: after a move it is built again.
BUILT_HERE := $(shell test "$$(cat $(READY) 2>/dev/null)" = "$$(pwd -P)" && echo yes)
ifneq "$(BUILT_HERE)" "yes"
$(READY): force
endif

# Written last, so that an interrupted build never counts as ready.
$(READY): requirements.lock pyproject.toml
	@rm -rf .venv
	@if command -v uv >/dev/null 2>&1; then $(build_with_uv); else $(check_python) && $(build_with_pip); fi \
	    || { rm -rf .venv; exit 1; }
	@pwd -P >$@

say_building = echo 'building .venv from requirements.lock (a few minutes at most)'

build_with_uv = $(say_building) \
    && uv venv --quiet --python '$(UV_PYTHON)' .venv \
    && uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock \
    && uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation -e .

pip_install = .venv/bin/python -m pip install -qq --disable-pip-version-check
build_with_pip = $(say_building) \
    && '$(PYTHON)' -m venv .venv \
    && $(pip_install) --require-hashes -r requirements.lock \
    && $(pip_install) --no-deps --no-build-isolation -e .

fail = { echo "error: $(1)" >&2; exit 1; }
check_python = $(check_version) \
    && { '$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null \
        || $(call fail,$(PYTHON) cannot create environments; install its venv module (e.g. apt install python3-venv)); }
check_version = { command -v '$(PYTHON)' >/dev/null 2>&1 \
        || $(call fail,$(PYTHON) not found; install Python 3.11 or newer (e.g. apt install python3-venv) or name it with PYTHON=); } \
    && { '$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
        || $(call fail,$(PYTHON) is older than 3.11; install a newer Python and run make PYTHON=python3.12); }
