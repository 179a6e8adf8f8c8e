.PHONY: help setup build catalogs demo test check audit sbom battery bench bench-scale bench-sending extract

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
AUDIT := .venv-audit

help:  ## List the targets.
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: build data/.ready  ## Set up .venv, catalogs, the model and the database.

build: $(VENV)/.runtime catalogs locales/questions.npz  ## Set up all that a release needs but a database.

$(VENV)/.runtime: requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

SOURCES := $(wildcard locales/*/LC_MESSAGES/messages.po)
REPORTS := $(wildcard locales/*/LC_MESSAGES/report.po)
COMPILED := $(SOURCES:.po=.mo) $(REPORTS:.po=.mo)

catalogs: $(COMPILED)  ## Compile the catalogs in locales/.

%.mo: %.po | $(VENV)/.runtime
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@ --locale $(word 2,$(subst /, ,$<))

locales/questions.npz: $(wildcard locales/*/questions.yaml) $(wildcard flows/understanding/*.py) storage/gazetteer.csv | $(VENV)/.runtime
	@$(BIN)/python admin_cli.py questions train

data/.ready: $(COMPILED) $(wildcard storage/migrations/versions/*.py) | $(VENV)/.runtime
	@mkdir -p data
	@$(BIN)/python admin_cli.py init
	@touch $@

demo: setup  ## Run the whole assistant with demo content: open http://127.0.0.1:8080
	@DEMO=1 $(BIN)/python admin_cli.py init --quiet
	@echo "The chat page: http://127.0.0.1:8080, or where HTTP_PORT says. Ctrl-C stops the assistant."
	@echo "Also try, in another terminal:"
	@echo "  http://127.0.0.1:8080/?as=whatsapp                the page within WhatsApp's limits"
	@echo "  $(BIN)/python admin_cli.py chat --language fr    a chat in the terminal"
	@echo "  $(BIN)/python admin_cli.py contacts list         who wrote"
	@echo "  $(BIN)/python admin_cli.py doctor                is everything all right?"
	@DEMO=1 SIMULATOR=1 $(BIN)/python -m bot

test: $(VENV)/.dev setup  ## Run the tests.
	$(BIN)/python -m pytest

check: $(VENV)/.dev catalogs  ## Lint, types, catalogs.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.catalogs

battery: $(VENV)/.dev setup  ## Try faults on the real processes, for half an hour or so; print a table of figures.
	$(BIN)/python -m tests.battery

$(AUDIT)/.audit: requirements-audit.lock
	@test -x $(AUDIT)/bin/python || $(PYTHON) -m venv $(AUDIT)
	$(AUDIT)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.lock
	@touch $@

audit: $(AUDIT)/.audit  ## Look the locked packages up among known vulnerabilities; needs the network.
	@$(BIN)/python .ci/audit.py $(AUDIT)/bin/pip-audit requirements.lock

sbom: $(VENV)/.runtime  ## Write sbom.json: every locked package, with version and hashes (CycloneDX).
	@$(BIN)/python .ci/sbom.py requirements.lock > sbom.json
	@echo "sbom.json is written."

bench: $(VENV)/.dev setup  ## Measure, beside python-telegram-bot's ConversationHandler.
	$(BIN)/python -m bench

bench-scale: $(VENV)/.dev setup  ## Measure 1, 2 and 4 worker processes on PostgreSQL, and all in one.
	$(BIN)/python -m bench.scale

bench-sending: $(VENV)/.dev setup  ## Measure broadcasts at the providers' limits, and 50 kills during 10,000 sends.
	$(BIN)/python -m bench.sending
	$(BIN)/python -m tests.sending_storm

extract: $(VENV)/.runtime  ## Bring the catalogs up to date with the words in the code.
	$(BIN)/pybabel --quiet extract --mapping locales/babel.cfg --keyword _ --keyword ngettext:1,2 --keyword pgettext:1c,2 --no-location --sort-output --add-comments Translators: --project Sportello --output locales/messages.pot flows bot
	@for po in $(SOURCES); do $(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --input-file locales/messages.pot --output-file $$po --locale $$(echo $$po | cut -d/ -f2); done
	@rm locales/messages.pot
	$(BIN)/python -m babel.messages.frontend --quiet extract --mapping locales/report.cfg --no-location --sort-output --project Sportello --output locales/report.pot storage
	@for po in $(REPORTS); do $(BIN)/pybabel --quiet update --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --input-file locales/report.pot --output-file $$po --locale $$(echo $$po | cut -d/ -f2); done
	@rm locales/report.pot
