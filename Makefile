# make run: set up and serve.  make test: set up and test.  The rest is for developers.
.PHONY: document-templates run test setup lint lock catalog bench-scheduler bench-voting bench-invites bench-records soak help
SHELL := /bin/bash
PYTHON ?= python3
SAMPLE ?= 1
export PYTHON

BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi

help:
	@sed -n '1p' Makefile

setup:
	@tools/setup.sh run

run: setup
	@$(FLASK) preflight
	@$(FLASK) first-start $(if $(filter 0,$(SAMPLE)),--no-sample)
	@exec $(BIN)/gunicorn --config gunicorn.conf.py

test:
	@tools/setup.sh test
	@$(MAKE) --no-print-directory lint
	@$(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

# The scheduler against its targets and its peers, about half an hour; ARGS=--quick, ARGS='--only 200 contest'.
bench-scheduler:
	@tools/setup.sh bench
	@$(BIN)/python -m bench.scheduler $(ARGS)

# The voting room against its targets; ARGS=--quick and others, see --help.
bench-voting:
	@tools/setup.sh bench
	@$(BIN)/python -m bench.voting $(ARGS)

# Invites as other programs read them; needs what the tests need too. ARGS=--quick and others, see --help.
bench-invites:
	@tools/setup.sh test
	@$(BIN)/python -m bench.invites $(ARGS)

# The import of 20,000 applications: time and memory. ARGS=--quick and others, see --help.
bench-records:
	@tools/setup.sh bench
	@$(BIN)/python -m bench.records $(ARGS)

# The long run of kills, races, bad lines and malformed messages, about forty minutes; SOAK_SCALE=0.01 does a hundredth.
soak:
	@tools/setup.sh test
	@$(BIN)/pytest tests/soak/soak_*.py -s --timeout=7200 $(ARGS)

# Resolve the direct dependencies anew; needs uv (https://docs.astral.sh/uv/).
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements.in -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-test.in -o requirements-test.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header requirements-bench.in -o requirements-bench.txt
	npm install --package-lock-only --ignore-scripts

# Collect the texts of pages and code into the Chinese catalogue; then translate what is new in it.
catalog:
	$(BIN)/pybabel --quiet extract -F babel.cfg -o .venv/messages.pot --omit-header --sort-by-file --ignore-dirs='.*' .
	$(BIN)/pybabel --quiet update -i .venv/messages.pot -d defense/translations --no-fuzzy-matching --ignore-pot-creation-date

# The default Word templates of the documents, after a change of tools/document_templates.
document-templates:
	@$(BIN)/python -m tools.document_templates
