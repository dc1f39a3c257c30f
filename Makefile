# Two commands matter: `make demo` and `make test`. Both do their own set-up.
SHELL := /bin/bash
PYTHON ?= python3
PORT ?= 8080
ENV ?= dev
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
UV_VERSION := 0.13.8
LOCK_ARGS := --generate-hashes --no-emit-index-url --universal --all-extras --python-version 3.11 --no-header

# Images of build machines often set it; without bytecode every process of the tests compiles its libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo up test synth preflight deploy faults mutants bench mediafuzz lock fmt clean

help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(INSTALLED) ## .venv with everything of the lock, and the model weights converted

$(INSTALLED): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Auricle needs Python 3.11 or newer: $$($(PYTHON) --version) found. Say which with: make PYTHON=python3.13 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || { echo "Fetching uv …"; $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION); }
	@echo "Installing the lock into $(VENV) (about 1.2 GB the first time) …"
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --require-hashes -r requirements.lock
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(INSTALLED) ## upload a call, follow it, print who said what when  [FILE=call.mp3]
	@$(BIN)/auricle demo --port $(PORT) $(if $(FILE),"$(FILE)")

up: $(INSTALLED) ## serve on http://127.0.0.1:8080 until Ctrl-C  [PORT=8080 AURICLE_CORS_ORIGINS=http://localhost:3000]
	@$(BIN)/auricle up --port $(PORT)

test: $(INSTALLED) ## everything that CI runs
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m tests.clients
	@$(BIN)/pytest

synth: $(INSTALLED) ## the CloudFormation templates of one environment, checked  [ENV=dev]
	@$(BIN)/auricle synth $(ENV) $(CDK_ARGS)

preflight: $(INSTALLED) ## what would stop a deployment of one environment  [ENV=dev CDK_ARGS="-c …"]
	@$(BIN)/auricle preflight $(ENV) $(CDK_ARGS)

deploy: $(INSTALLED) ## deploy one environment with the CDK CLI  [ENV=dev CDK_ARGS="-c jwks_url=…"]
	@$(BIN)/auricle deploy $(ENV) $(CDK_ARGS)

faults: $(INSTALLED) ## kill the engine again and again under load  [SEED=7 KILLS=20 CLIENTS=4]
	@SEED=$(SEED) KILLS=$(KILLS) CLIENTS=$(CLIENTS) $(BIN)/python -m tests.faults

mutants: $(INSTALLED) ## change the domain and the API, and see what the tests notice  [ARGS="--only recordings --count 60 --seed 8"]
	@$(BIN)/python -m tests.mutants $(ARGS)

bench: $(INSTALLED) ## measure the budgets: one JSON object a line
	@$(BIN)/python -m tests.bench

mediafuzz: $(INSTALLED) ## thousands of damaged media files through Prepare  [COUNT=2000]
	@$(BIN)/python -m tests.fixtures.hostile.fuzz $(or $(COUNT),2000)

lock: $(INSTALLED) ## resolve requirements.lock anew, and that of the generators that tests run
	@$(BIN)/uv pip compile --quiet --upgrade $(LOCK_ARGS) pyproject.toml -o requirements.lock
	@$(BIN)/uv pip compile --quiet --upgrade $(filter-out --all-extras,$(LOCK_ARGS)) tests/clients/requirements.in -o tests/clients/requirements.lock

fmt: $(INSTALLED) ## format and fix what can be fixed
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

clean: ## forget the local environment's state (not .venv, not the model cache)
	rm -rf .auricle build cdk.out
