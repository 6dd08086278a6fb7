# make resize [IN=folder] [OUT=folder] [ARGS="-s 512 256"]    make test    make test-fast    make test-readme    make test-cluster    make coverage    make lint    make docs    make bench[-peers] [BENCH=folder]
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
SUBMITS := $(VENV)/.submits
DEVELOPED := $(VENV)/.developed
READS := $(VENV)/.reads
FLINK := $(VENV)/.flink
JOB_SERVER := build/flink/.copied
PHOTOS := data/photos

export IN ?= $(PHOTOS)
export OUT ?= output/$(notdir $(IN:/=))
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help resize install-dataflow install-flink java test test-fast coverage test-readers test-readme test-cluster prism browser lint format docs bench bench-peers

help:
	@sed -n '1s/^# //p' Makefile
	@echo "Without IN, make resize generates a few photograph-like images in $(PHOTOS)."

NATIVE := $(wildcard transforms/imaging/native/*)

$(INSTALLED): setup.py pyproject.toml $(NATIVE)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "make: Python 3.11 or later is needed: set PYTHON, as in export PYTHON=python3.12" >&2; exit 1; }
	@echo "make: installing Apache Beam, Pillow and what they need into $(VENV), once: about two minutes, 830 MB"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(SUBMITS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dataflow]'
	@touch $@

$(DEVELOPED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@ $(SUBMITS)  # the extra dev contains the extra dataflow

$(FLINK): $(INSTALLED)
	@echo "make: installing Flink's jars into $(VENV), once: 230 MB"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[flink]'
	@touch $@

# Beam's job server for Flink consists of 161 jars.
POM := pipeline/runners/flink/pom.xml
$(JOB_SERVER): $(POM)
	@command -v mvn >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends maven; } \
		|| { echo "make: install Maven (Debian: maven)" >&2; exit 1; }
	@echo "make: collecting Beam's job server for Flink in build/flink/lib, once: 152 MB"
	@rm -rf build/flink/lib
	mvn --quiet --batch-mode -Dstyle.color=never -f $(POM) dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$(CURDIR)/build/flink/lib"
	@touch $@

$(READS): $(DEVELOPED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[readers]'
	@# Skip torch, which takes over a gigabyte: tests/readers/folders.py needs only the code that lists folders.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps 'torchvision>=0.20'
	@touch $@

$(PHOTOS): | $(INSTALLED)
	@echo "make: generating 24 photograph-like images in $@"
	@$(BIN)/python -m benchmarks.photos $@ 24

resize: $(INSTALLED) $(if $(filter $(PHOTOS),$(IN)),$(PHOTOS))
	@echo "make: resizing $$IN into $$OUT"
	@$(BIN)/python image_resizer.py -i "$$IN" -o "$$OUT" -ext jpg $(ARGS)

# Install the environment from which run_dataflow.sh submits jobs.
install-dataflow: $(SUBMITS)

# Install what run_flink.sh and --local_cluster need.
install-flink: java $(FLINK) $(JOB_SERVER)

java:
	@command -v java >/dev/null || [ -x "$$JAVA_HOME/bin/java" ] \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends default-jre-headless; } \
		|| { echo "make: install Java 11 or later (Debian: default-jre-headless)" >&2; exit 1; }

test: $(DEVELOPED)
	$(BIN)/python -m pytest -n auto

# Run all tests except those marked slow, for work on the core. Takes less than a minute.
test-fast: $(DEVELOPED)
	$(BIN)/python -m pytest -n auto -m "not slow"

# Read every sample of every layout with the libraries that users load datasets with; make test skips these tests.
test-readers: $(READS)
	$(BIN)/python -m pytest -n auto tests/readers

# Run README's commands unchanged in a fresh clone of the last commit, with its own environment.
test-readme: $(DEVELOPED)
	$(BIN)/python -m pytest tests/readme

# Run on a Flink cluster on this machine, and on Prism. The tests kill processes while they work.
test-cluster: $(DEVELOPED) install-flink prism
	$(BIN)/python -m pytest tests/cluster

# Build Beam's Prism in the version of the SDK, with Go. Without Go, make test-cluster skips the tests of Prism.
prism: $(INSTALLED)
	@command -v go >/dev/null || { echo "make: Go is not installed, so there is no Prism"; exit 0; }; \
		[ -x build/prism/prism ] || GOBIN="$(CURDIR)/build/prism" go install github.com/apache/beam/sdks/v2/go/cmd/prism@v$$($(BIN)/python -c 'from importlib.metadata import version; print(version("apache-beam"))')

# Install Chromium with apt-get, and axe-core with npm, if they are missing. Without them, make test skips the tests of
# the report.
AXE := build/axe/node_modules/axe-core/axe.min.js
browser: $(AXE)
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium chromium-driver fonts-dejavu-core; } \
		|| { echo "make: install Chromium and its driver (Debian: chromium, chromium-driver)" >&2; exit 1; }

$(AXE):
	@command -v npm >/dev/null \
		|| { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends npm; } \
		|| { echo "make: install npm" >&2; exit 1; }
	npm install --silent --no-save --no-audit --no-fund --prefix build/axe axe-core@4.14

# Show the lines that no test executes. Takes twice as long as make test.
coverage: $(DEVELOPED)
	$(BIN)/python -m pytest -n auto --cov

lint: $(DEVELOPED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/shellcheck run_dataflow.sh run_flink.sh .ci/run tests/fuzz/aarch64.sh

# Run the main benchmarks, which takes about five minutes. BENCH=folder measures your own photographs.
BENCH ?= data/bench
data/bench: | $(INSTALLED)
	$(BIN)/python -m benchmarks.photos $@ 24 --flat

bench: $(DEVELOPED) $(BENCH)
	$(BIN)/python -m benchmarks.speed $(BENCH)
	$(BIN)/python -m benchmarks.scale --count 10000

# Compare with other tools. Installs them below build/peers and, as root, with apt-get.
bench-peers: $(DEVELOPED) $(BENCH)
	$(BIN)/python -m benchmarks.peers $(BENCH)

format: $(DEVELOPED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Generate the page of the flags. A test compares it with the code.
docs: $(INSTALLED)
	$(BIN)/python -m pipeline.cli.flags_page > docs/flags.md
