# The two commands to start with are `make figures` and `make test`; `make help` lists the others.
#
# They create a virtual environment in .venv, unless ENV=active is given, which uses the programs on the PATH: a conda
# environment, or a machine's own PyTorch (first run `pip install -e .[dev]` there).

PROFILE ?= demo
CORES ?= $(shell env -u OMP_NUM_THREADS nproc 2>/dev/null || sysctl -n hw.ncpu)
PYTHON ?= python3
FIGURE ?=
KILLS ?= 24
SEED ?= 20190125
ENV ?= venv
VENV := .venv

ifeq ($(ENV),active)
READY :=
else
READY := $(VENV)/.installed
export PATH := $(abspath $(VENV))/bin:$(PATH)
endif

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help env figures report reproduce docs bench test attack clones cluster remotes stages check format lock audit clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | column -t -s "$$(printf '\t')"

env: $(READY) ## create the virtual environment

figures: $(READY) ## draw every figure: PROFILE=demo (built-in data) or PROFILE=paper (real data)
	snakemake --cores $(CORES) --quiet rules --config profile=$(PROFILE) -- all_figures

report: figures ## write one HTML page with all figures and captions: results/PROFILE/report.html
	snakemake --cores 1 --config profile=$(PROFILE) --report results/$(PROFILE)/report.html -- all_figures

reproduce: $(READY) ## make the results of PROFILE again from the raw data, or FIGURE=NAME alone, and compare: reproduction/
	nvae reproduce $(FIGURE) --profile $(PROFILE) --cores $(CORES)

docs: $(READY) ## build the documentation site: docs/_build/html/index.html
	sphinx-build --quiet --fail-on-warning --keep-going docs docs/_build/html

bench: figures ## compare the training time with common alternatives: benchmarks/results.csv
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[bench]'
	python -m benchmarks

test: $(READY) ## run all tests
	OMP_NUM_THREADS=1 pytest -n $(CORES) --dist worksteal

attack: $(READY) ## kill the demo's run KILLS=24 times at random moments and check that the results are the same
	NVAE_ATTACK_KILLS=$(KILLS) NVAE_ATTACK_SEED=$(SEED) OMP_NUM_THREADS=1 pytest -m attack tests/faults

clones: $(READY) ## test many edits in every kind of clone: noticed, and the same results made again
	OMP_NUM_THREADS=1 pytest -n $(CORES) -m clones tests/pipeline

cluster: $(READY) ## test the pipeline on a Slurm cluster that consists of this machine
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[cluster]'
	OMP_NUM_THREADS=1 pytest -m cluster tests/cluster

remotes: $(READY) ## test the documented DVC remotes (a folder, SSH, S3) with servers on this machine
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[remotes]'
	OMP_NUM_THREADS=1 pytest -m remotes tests/remotes

check: $(READY) ## check lint, formatting and types
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	mypy
	lint-imports --no-cache

format: $(READY) ## correct the formatting
	ruff check --fix-only .
	ruff format .
	snakefmt Snakefile workflow

stages: $(READY) ## write dvc.yaml, whose stages follow from the figures and the configuration
	python -m nvae.pipeline.stages > .dvc.yaml.part
	mv .dvc.yaml.part dvc.yaml

lock: $(READY) ## renew requirements.lock, the hashes of the packages that constraints.txt pins
	python -m pip install --quiet --disable-pip-version-check uv
	uv pip compile pyproject.toml --extra dev --constraint constraints.txt --universal --python-version 3.11 \
		--generate-hashes --no-annotate --custom-compile-command 'make lock' --quiet --output-file requirements.lock

audit: $(READY) ## look up known vulnerabilities of the locked packages in a public database
	python -m pip install --quiet --disable-pip-version-check uv
	uv tool run pip-audit --requirement requirements.lock --require-hashes --disable-pip

clean: ## remove the results of the demo and of the tests, nothing else
	rm -rf results/demo results/smoke

$(VENV)/.installed: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 12) else "This needs Python 3.11: make … PYTHON=python3.11, or ENV=active with an environment of your own.")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes -r requirements.lock
	$(VENV)/bin/python -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@
