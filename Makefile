# The commands the project keeps. Each works alone, from a clean clone, with Python >= 3.11 and make.
PYTHON ?= python3
SOAK_COUNT ?= 10000
BIN := .venv/bin
LOCK := $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet
# Files side by side, the longest first (tests/conftest.py).
SIDE_BY_SIDE := -n auto --maxprocesses 4 --dist loadscope --no-loadscope-reorder
WHEELS := build/wheels/controller

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test check bench soak lock install-demo install-dev system-packages python

help:
	@echo "make demo        a broker, a gateway and two simulated banks, to look at and try"
	@echo "make demo-reset  forget everything the demo has stored"
	@echo "make test        every test        make check  format, lint, types, import rule"
	@echo "make bench       the measurements  make soak   the long tests (SOAK_COUNT=$(SOAK_COUNT))"
	@echo "make lock        recompile requirements/*.txt from pyproject.toml"

demo: install-demo
	@exec $(BIN)/casier-sim demo --state .demo

demo-reset:
	@if [ -e .demo/lock ] && command -v flock >/dev/null && ! flock --nonblock .demo/lock true; then \
		echo "The demo is running: stop it first (Ctrl-C), then make demo-reset." >&2; exit 1; fi
	@rm -rf .demo
	@echo "The demo's state is gone; make demo starts anew."

test: install-dev system-packages $(WHEELS)/.complete
	@exec $(BIN)/python -m pytest $(SIDE_BY_SIDE)

check: install-dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: install-dev system-packages
	@exec $(BIN)/python tests/bench/run.py

soak: install-dev system-packages
	@SOAK_COUNT=$(SOAK_COUNT) $(BIN)/python -m pytest -m soak --timeout 0 $(SIDE_BY_SIDE)
	@exec $(BIN)/python -m simulator.world.soak $(SOAK_COUNT)

lock: install-dev
	@for extra in controller pi pi-legacy gateway simulator; do \
		$(LOCK) --extra $$extra -o requirements/$$extra.txt || exit 1; done
	@$(LOCK) --extra simulator --extra postgresql --group dev -o requirements/dev.txt
	@$(BIN)/uv pip compile --group pyproject.toml:build -c requirements/dev.txt --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/build.txt

install-demo: python
	@$(PYTHON) .ci/install.py simulator

install-dev: python
	@$(PYTHON) .ci/install.py dev

system-packages: python
	@$(PYTHON) .ci/system_packages.py

python:
	@command -v "$(PYTHON)" >/dev/null || { \
		echo "$(PYTHON) was not found. Install Python 3.11 or later (Debian: apt-get install python3 python3-venv)," >&2; \
		echo "or name one: make PYTHON=/path/to/python3.12" >&2; exit 1; }

# What a test installs on a "Pi" without reaching for the network: exactly the controller's locked wheels.
$(WHEELS)/.complete: requirements/controller.txt requirements/build.txt | install-dev
	@rm -rf $(WHEELS) && mkdir -p $(WHEELS)
	@echo "fetching the controller's wheels"
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
		-r requirements/controller.txt --dest $(WHEELS) 2>$(WHEELS)/pip.log || { cat $(WHEELS)/pip.log >&2; exit 1; }
	@touch $@
