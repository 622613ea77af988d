# `make help` lists what there is. PORT, HOST and DATA_DIR are honoured by `make run`.
.DEFAULT_GOAL := help
SHELL := /bin/sh

PYTHON ?= python3
URL ?= http://127.0.0.1:$(or $(PORT),8000)
LOGINS ?= $(or $(DATA_DIR),var)/demo-logins.json
USERS ?= 4
VENV ?= .venv
BIN := $(VENV)/bin
CASES ?= 60
# Processes that share the tests (at most 4: each takes a number of the Redis), a file of tests each at a time.
JOBS ?= auto
# Modules are compiled when first imported: most of what comes along never is.
PIP_FLAGS := --quiet --disable-pip-version-check --no-compile

# Libraries of linear algebra would otherwise take every core for a product of two small matrices.
ONE_THREAD := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help run test lint bench load triage demo screens clean

help: ## Show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

run: $(VENV)/.serve ## Start the clinic: web, worker and sweeper on this machine, with a demo clinic
	@echo "Starting …"
	@exec $(BIN)/python -m skinclinic.supervisor

test: $(VENV)/.test ## Run all tests (SQLite; with DATABASE_URL and CELERY_BROKER_URL set, on those servers); TESTS=path: some
	$(ONE_THREAD) $(BIN)/python -m pytest -n $(JOBS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(TESTS)

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

bench: $(VENV)/.$(if $(QUEUE)$(DESK),serve,bench) ## Measure the runtime beside torch; CALLS=10000: does memory drift; QUEUE or DESK="load_10k load_1m": pages
ifdef QUEUE
	$(BIN)/python -m tests.load.queue $(QUEUE)
else ifdef DESK
	$(BIN)/python -m tests.load.desk $(DESK)
else
	$(ONE_THREAD) $(BIN)/python -m $(if $(CALLS),tests.load.steady --calls $(CALLS),tests.load.bench --data "$(or $(DATA_DIR),var)")
endif

load: $(VENV)/.serve ## Send CASES=60 by USERS=4 to the clinic at URL; ROWS=1000000 [WAITING=0.4]: fill an empty PostgreSQL named for load
	$(BIN)/python -m $(if $(ROWS),tests.load.bulk --rows $(ROWS) --waiting $(or $(WAITING),0.02),tests.load.clinic --url $(URL) --users $(USERS) --cases $(CASES) --logins $(LOGINS))

triage: $(VENV)/.test ## Measure in a browser how long the next case takes to be seen: make triage CASES=100
	$(BIN)/python -m tests.load.triage --cases $(CASES)

demo: $(VENV)/.serve ## Load real cases into the demo clinic: make demo DATA=<HAM10000 folder> CASES=60
	$(BIN)/python manage.py demo $(if $(DATA),--data "$(DATA)") --cases $(CASES)

screens: $(VENV)/.test ## Take a picture of each main page anew into docs/screens, of the demo clinic
	$(BIN)/python -m pytest tests/browser/screens.py -p no:randomly -q

clean: ## Remove the virtual environment; data stays
	rm -rf $(VENV)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: $(BIN)/python requirements/serve.txt
	@echo "Installing what the clinic needs, once …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements/serve.txt
	@touch $@

$(VENV)/.bench: $(VENV)/.serve requirements/train.txt requirements/bench.txt
	@echo "Installing what our runtime is measured beside, once: some 5.5 GB …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements/train.txt -r requirements/bench.txt
	@touch $@

$(VENV)/.test: $(VENV)/.serve requirements/test.txt requirements/train.txt requirements/generate.txt
	@echo "Installing what training and tests need, once: some 5.8 GB …"
	@$(BIN)/python -m pip install $(PIP_FLAGS) -r requirements/train.txt -r requirements/generate.txt -r requirements/test.txt
	@touch $@
