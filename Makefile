# Everything here sets up what it needs: `make demo` and `make test` work in a fresh clone.

# Python 3.11 where it is there, else any newer one; `make clean setup PYTHON=python3.13` chooses another.
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do \
	"$$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo "$$name" && break; done)

BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
# Where the demo and the UI keep deliveries, and the Dagster instance that dagster.yaml describes.
INSTANCE := META_PIPELINE_HOME="$(CURDIR)/.state" DAGSTER_HOME="$(CURDIR)"

# Many containers set it; every command would then compile anew all that it imports.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup lint format lock test test-full demo ui bench fidelity lab docs clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1\t\2/' | expand -t 14

setup: $(READY) ## Make .venv from the hashed lock (quick when nothing changed)

$(READY): pyproject.toml requirements.lock scripts/create-venv
	@scripts/create-venv "$(PYTHON)"
	@touch $@

lint: $(READY) ## Lint, format check, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(READY) ## Mend what the linter and the formatter can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: $(READY) ## Resolve pyproject.toml again into requirements.lock; UPGRADE=1 takes newer releases
	@scripts/lock $(if $(UPGRADE),--upgrade)

test: $(READY) ## Run the tests (without the slow ones)
	@scripts/install-system-packages
	$(BIN)/python -m pytest

test-full: $(READY) ## Run all tests
	@scripts/install-system-packages
	$(BIN)/python -m pytest -m ""

demo: $(READY) ## Deliver a shipped issue to a shipped target, end to end; TARGET=dagster_sales chooses another
	@$(INSTANCE) $(BIN)/python -m scripts.demo

ui: $(READY) ## Open the Dagster UI with its daemon
	@$(INSTANCE) $(BIN)/dagster dev -w workspace.yaml

bench: $(READY) ## Measure what it costs, into docs/benchmarks.md; BEFORE=COMMIT measures an older one too
	@scripts/install-system-packages
	$(BIN)/python -m scripts.bench $(if $(BEFORE),--before $(BEFORE))

fidelity: $(READY) ## Measure static topologies against the schedulers' own, into docs/fidelity.md; ARGS="--only NAME"
	@scripts/install-system-packages
	$(BIN)/python -m scripts.measure_fidelity $(ARGS)

# Our gates by source alone, and what a team has today without and with secret scanner and SQL linter. What runs code of
# the targets takes hours and gigabytes: `meta-pipeline lab environments`, then STACKS="--stack meta-pipeline-full".
STACKS := --stack meta-pipeline --stack today --stack today-scanners

lab: $(READY) ## Score gates on seeded faults and harmless twins, into docs/gate-lab.md; ARGS="--per-class 20"
	@scripts/install-system-packages
	$(BIN)/python -m meta_pipeline lab run --part scored $(STACKS) --page docs/gate-lab.md $(ARGS)

docs: $(READY) ## Write the generated pages of docs/ again
	$(BIN)/python -m scripts.generate_docs

clean: ## Remove the environment and the caches; deliveries in .state stay
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
