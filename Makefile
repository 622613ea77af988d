# `make help` lists what there is. PORT, HOST and DATA_DIR are honoured by `make run`.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
CASES ?= 60

.PHONY: help run test lint bench load demo clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.serve ## Start the clinic: web, worker and sweeper on this machine, with a demo clinic
	@exec $(BIN)/python -m skinclinic.supervisor

test: $(VENV)/.test ## Run all tests (SQLite; with DATABASE_URL and CELERY_BROKER_URL set, on those servers)
	$(BIN)/python -m pytest

lint: $(VENV)/.test ## Check style, types, room borders, migrations and deployment settings
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=skinclinic.settings.production ALLOWED_HOSTS=clinic.test \
	DJANGO_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
	AUDIT_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_hex(32))') \
	$(BIN)/python manage.py check --deploy --fail-level WARNING

bench: $(VENV)/.serve ## Measure the network on this machine: milliseconds per stage
	$(BIN)/python -m skinclinic.bench

load: $(VENV)/.serve ## Put load on a running clinic: LOAD_URL, LOAD_USERS, LOAD_SECONDS
	$(BIN)/python -m skinclinic.load

demo: $(VENV)/.serve ## Load real cases into the demo clinic: make demo DATA=<HAM10000 folder> CASES=60
	$(BIN)/python manage.py demo $(if $(DATA),--data "$(DATA)") --cases $(CASES)

clean: ## Remove the virtual environment; data stays
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: $(BIN)/python requirements/serve.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/serve.txt
	@touch $@

$(VENV)/.test: $(VENV)/.serve requirements/test.txt requirements/train.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements/train.txt -r requirements/test.txt
	@touch $@
