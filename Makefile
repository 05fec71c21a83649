# make book    environment, every chapter, then the pages: _build/html/index.html
# make test    environment and all tests
# make help    the rest
#
# Variables: PYTHON (python3), VENV (.venv), PROFILE (smoke|quick|standard|paper),
# DATA (twin|observed), DEVICE (auto|cpu|cuda). Example: make book PROFILE=standard DATA=observed

PYTHON  ?= python3
VENV    ?= .venv
CONSTRAINTS ?= constraints.txt
PROFILE ?= quick
DATA    ?= twin
DEVICE  ?= auto

BIN   := $(VENV)/bin
LOWEST := build/lowest
STAMP := $(VENV)/.soilbook-installed

.DEFAULT_GOAL := help
.PHONY: help environment book pages pdf axe test slow lowest kills fuzz lint lab bench clean clean-all

help:  ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

environment: $(STAMP)  ## virtual environment in .venv with all that soilbook needs

# Done again only when the project's own lists of packages change.
$(STAMP): pyproject.toml $(CONSTRAINTS)
	@if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	    echo "soilbook needs Python 3.11 or newer; '$(PYTHON)' is not. Try: make PYTHON=python3.12" >&2; \
	    exit 1; }; \
	  $(PYTHON) -m venv $(VENV); \
	fi
	@echo "Installing soilbook and its packages into $(VENV) (once; some minutes) ..."
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq -c $(CONSTRAINTS) -e ".[test]"
	@touch $@
	@echo "Installed, with $$($(BIN)/python --version)."

book: environment  ## run every chapter and render the book; ARGS="--jobs 1" and the like
	$(BIN)/soilbook build --profile $(PROFILE) --data $(DATA) --device $(DEVICE) $(ARGS)

pages: environment  ## render what results/DATA/PROFILE holds, without running anything
	$(BIN)/soilbook build --no-run --profile $(PROFILE) --data $(DATA)

pdf: environment  ## the book that was rendered last as one PDF: _build/soilbook.pdf
	$(BIN)/python -m soilbook.book.render

build/axe/node_modules/axe-core/axe.min.js:
	npm install --silent --prefix build/axe axe-core

axe: environment build/axe/node_modules/axe-core/axe.min.js  ## accessibility and widths of the rendered pages
	$(BIN)/python tests/book/axe.py build/axe/node_modules/axe-core/axe.min.js

# Tests that share what they prepare stay with one process: tests/conftest.py groups them.
test: environment  ## all tests, side by side on all cores; ARGS="-k name" chooses
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 \
	  --dist loadgroup --no-loadscope-reorder $(ARGS)

slow: environment  ## the tests that take minutes: every solution, compiled training, a first download
	$(BIN)/python -m pytest -m slow $(ARGS)

$(LOWEST)/constraints.txt: pyproject.toml .github/lowest.py
	@mkdir -p $(@D)
	$(PYTHON) .github/lowest.py > $@

lowest: $(LOWEST)/constraints.txt  ## all tests with the lowest versions that pyproject.toml allows
	$(MAKE) test VENV=$(LOWEST)/venv CONSTRAINTS=$<

kills: environment  ## kill 20 times each process of a run at random moments: what does the next give?
	KILLS=20 $(BIN)/python -m pytest -s tests/book/kills.py

fuzz: environment  ## 1,000 faults in the files of every reader of data
	$(BIN)/python tests/data/fuzz.py 1000

lint: environment  ## style of the code and form of the workflows
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml

lab: environment  ## JupyterLab with the book's environment; ARGS="--no-browser" and the like
	@PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install -qq -c $(CONSTRAINTS) -e ".[lab]"
	$(BIN)/jupyter lab $(ARGS)

bench: environment  ## speed, measured side by side in one run
	@set -e; for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file; done

clean:  ## remove the rendered book and caches; results stay
	rm -rf _build book/executed .pytest_cache .ruff_cache

# Of the store only what soilbook itself put there, and that says what it removes.
clean-all: clean  ## as clean, and also results, environment and the store of computed results
	@if [ -x $(BIN)/soilbook ]; then $(BIN)/soilbook store clean --all || echo "the store stays"; fi
	rm -rf results $(VENV)
