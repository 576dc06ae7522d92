# Everything the project does, each on a machine that has only Python and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet --constraint constraints.txt
DEMO   := demo

.DEFAULT_GOAL := help
.PHONY: help demo test lint types floors docs notebooks lab bench sample experiments check clean

help:  ## show these lines
	@grep -E '^[a-z]+: .*##|^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "absence_risk needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/core.stamp
	$(PIP) --group test
	@touch $@

$(VENV)/dev.stamp: $(VENV)/test.stamp
	$(PIP) --group dev
	@touch $@

$(VENV)/lab.stamp: $(VENV)/core.stamp
	$(PIP) --editable '.[notebooks]'
	@touch $@

$(VENV)/bench.stamp: $(VENV)/core.stamp
	$(PIP) --editable '.[peers]'
	@touch $@

demo: $(VENV)/core.stamp  ## simulate a municipality, run the study on its files, print four verdicts
	$(BIN)/absence-risk simulate $(DEMO)/register --pupils 12000 --seed 1 --force
	$(BIN)/absence-risk study $(DEMO)/register --out $(DEMO)/study --seed 1 --force

test: $(VENV)/test.stamp  ## run the tests
	$(BIN)/python -m pytest

lint: $(VENV)/dev.stamp  ## check style and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/dev.stamp  ## check types
	$(BIN)/mypy

floors: $(VENV)/dev.stamp  ## check that imports run downward only
	$(BIN)/lint-imports

notebooks: $(VENV)/dev.stamp  ## execute the notebooks on the committed sample
	$(BIN)/python -m pytest --nbmake --nbmake-timeout=120 -o addopts= -o filterwarnings= notebooks

lab: $(VENV)/lab.stamp  ## open the notebooks in JupyterLab
	$(BIN)/jupyter lab --notebook-dir=notebooks

bench: $(VENV)/bench.stamp  ## measure speed against named peers in the same run
	for b in benchmarks/bench_*.py; do $(BIN)/python $$b || exit 1; done

sample: $(VENV)/core.stamp  ## remake the committed sample, byte for byte
	$(BIN)/python -m absence_risk.synthetic.sample data/synthetic

experiments: $(VENV)/core.stamp  ## remake the results of every experiment
	for e in experiments/*/run.py; do $(BIN)/python $$e || exit 1; done

check: lint types floors test notebooks  ## everything that CI runs

clean:  ## remove the environment and the demo
	rm -rf $(VENV) $(DEMO)
