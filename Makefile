# make resize [IN=folder] [OUT=folder] [ARGS="-s 512 256"]    make test    make coverage    make lint    make bench[-peers] [BENCH=folder]
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SUBMITS := $(VENV)/.submits
DEVELOPED := $(VENV)/.developed
READS := $(VENV)/.reads
PHOTOS := data/photos

export IN ?= $(PHOTOS)
export OUT ?= output/$(notdir $(IN:/=))
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help resize install-dataflow test coverage test-readers browser lint format bench bench-peers

help:
	@sed -n '1s/^# //p' Makefile
	@echo "Without IN, make resize makes a few photograph-like images of its own in $(PHOTOS)."

NATIVE := $(wildcard transforms/imaging/native/*)

$(INSTALLED): setup.py pyproject.toml $(NATIVE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Python 3.11 or later is needed; name one: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(SUBMITS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dataflow]'
	@touch $@

$(DEVELOPED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(SUBMITS)  # what develops can submit too

$(READS): $(DEVELOPED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[readers]'
	@touch $@

$(PHOTOS): | $(INSTALLED)
	$(BIN)/python -m benchmarks.photos $@ 24

resize: $(INSTALLED) $(if $(filter $(PHOTOS),$(IN)),$(PHOTOS))
	@$(BIN)/python image_resizer.py -i "$$IN" -o "$$OUT" -ext jpg $(ARGS)

# What run_dataflow.sh submits from.
install-dataflow: $(SUBMITS)

test: $(DEVELOPED)
	$(BIN)/python -m pytest -n auto

# Every sample of every layout, by the libraries that people read them with; make test passes these over.
test-readers: $(READS)
	$(BIN)/python -m pytest -n auto tests/readers

# What the tests of the report run in, with apt-get if it is missing; without it make test passes them over.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core; } \
		|| { echo "make: install Chromium and its driver (Debian: chromium, chromium-driver)" >&2; exit 1; }

# What no test reaches; twice the time of make test.
coverage: $(DEVELOPED)
	$(BIN)/python -m pytest -n auto --cov

lint: $(DEVELOPED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/shellcheck run_dataflow.sh .ci/run tests/fuzz/aarch64.sh

# About five minutes; BENCH names other folders of photographs.
BENCH ?= data/bench
data/bench: | $(INSTALLED)
	$(BIN)/python -m benchmarks.photos $@ 24 --flat

bench: $(DEVELOPED) $(BENCH)
	$(BIN)/python -m benchmarks.speed $(BENCH)
	$(BIN)/python -m benchmarks.scale --count 10000

# Ours beside other tools, which it installs below build/peers and, as root, with apt-get.
bench-peers: $(DEVELOPED) $(BENCH)
	$(BIN)/python -m benchmarks.peers $(BENCH)

format: $(DEVELOPED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
