# make demo | test | lint | bench [NAME=x] | docs | serve | clean      (each sets up what it needs; see deploy/bootstrap.sh)
SHELL := /bin/bash
BIN := .venv/bin
HOLDFAST := $(BIN)/holdfast
CITY ?= demo-city
ASSETS ?= 20000
SEED ?= 7
SERVE ?= 1
HOST ?= 127.0.0.1
PORT ?= 8600
WORKERS ?= 2
SAMPLES ?= 1000

.PHONY: demo test lint ui-test warm-up bench docs serve setup clean

setup:
	@deploy/bootstrap.sh python ui

# The reference city: built anew, shown, checked, shaken by an earthquake, and (unless SERVE=0) served.
demo: setup
	@deploy/demo.sh "$(CITY)" "$(ASSETS)" "$(SEED)" "$(SERVE)" "$(HOST)" "$(PORT)" "$(SAMPLES)"

serve: setup
	@$(HOLDFAST) serve "$(CITY)" --host "$(HOST)" --port "$(PORT)"

lint:
	@deploy/bootstrap.sh python
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

ui-test:
	@deploy/bootstrap.sh ui test-tools
	npm --prefix ui test --silent

# The solvers, compiled before the tests: the tracing of coverage would slow the compiler down many times.
warm-up:
	@deploy/bootstrap.sh python
	$(HOLDFAST) warm-up

test:
	@deploy/bootstrap.sh python
	@$(MAKE) --no-print-directory -j2 --output-sync=target warm-up lint ui-test
	@# by file: fixtures of a module are set up once, and long files begin early (groups by mark are not seen by pytest-xdist 3.8 under pytest 9.2)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder --cov --cov-report=term:skip-covered $(PYTEST)

bench:
	@deploy/bootstrap.sh python
	@$(BIN)/python -m bench $(NAME)

docs:
	@deploy/bootstrap.sh python
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet
	@echo "Open site/index.html"

clean:
	rm -rf demo-city site dist .stamp .pytest_cache .mypy_cache .ruff_cache .coverage* src/holdfast/web/page ui/node_modules
