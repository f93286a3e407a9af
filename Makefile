# Everything runs in .venv, made here from the hashed lock; only Python ≥ 3.11 and make are needed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(CURDIR)/$(VENV)/bin
SEED   ?= 7
SIZE   ?= small
RUNS   ?= 50
WORLDS ?= 1000
STEPS  ?= 60
CRASHES ?= 10000
KILLS  ?= 500
RACES  ?= 12
SOURCES := $(shell find partnersync connectors mapping reconcile state service sandbox -type f -not -path '*/__pycache__/*' 2>/dev/null)

.PHONY: demo test check bench conformance kills faults clean help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

# The environment: third-party packages from the lock, hashes checked.
$(VENV)/.locked: requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

# The product itself: its wheel, built here without build isolation and installed without dependencies.
$(VENV)/.installed: $(VENV)/.locked pyproject.toml config.example.yaml README.md LICENSE $(SOURCES)
	@rm -rf dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -w dist .
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-index --force-reinstall dist/*.whl
	@touch $@

demo: $(VENV)/.installed ## watch two CRMs become true about their partners (SEED=…, SIZE=tiny|small|medium, KEEP=1)
	$(BIN)/partnersync demo --seed $(SEED) --size $(SIZE) $(if $(KEEP),--keep,)

test: $(VENV)/.installed ## run every test against the installed wheel, on SQLite and a real PostgreSQL
	rm -rf $(VENV)/elsewhere && mkdir -p $(VENV)/elsewhere && cp -R tests $(VENV)/elsewhere/tests
	cp pyproject.toml config.example.yaml README.md CHANGELOG.md Makefile $(VENV)/elsewhere/ && cp -R docs benchmarks $(VENV)/elsewhere/
	cd $(VENV)/elsewhere && $(BIN)/python -m pytest --import-mode=importlib -q -n 4 $(ARGS)

check: $(VENV)/.locked ## format, lint, types and import contracts of the sources
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.installed ## measure time, calls and memory against stated limits
	$(BIN)/python -m benchmarks $(ARGS)

conformance: $(VENV)/.installed ## hold the sandbox against expected wire shapes (SAMPLES=folder adds recorded JSON)
	cd $(VENV) && SAMPLES="$(if $(SAMPLES),$(abspath $(SAMPLES)),)" $(BIN)/python -m pytest --import-mode=importlib -q $(CURDIR)/tests/conformance -c $(CURDIR)/pyproject.toml --rootdir $(CURDIR)

kills: $(VENV)/.installed ## kill `partnersync run` at 4 × RUNS moments and hold what comes after against an undisturbed run
	rm -rf $(VENV)/elsewhere && mkdir -p $(VENV)/elsewhere && cp -R tests $(VENV)/elsewhere/tests
	cd $(VENV)/elsewhere && $(BIN)/python -m tests.faults.kills --runs $(RUNS) --seed $(SEED) $(ARGS)

faults: $(VENV)/.installed ## generated worlds, crashes, SIGKILLs, races and mutants (WORLDS=, STEPS=, CRASHES=, KILLS=, RACES=, SEED=; ARGS=--only=kills)
	rm -rf $(VENV)/elsewhere && mkdir -p $(VENV)/elsewhere && cp -R tests $(VENV)/elsewhere/tests
	cd $(VENV)/elsewhere && $(BIN)/python -m tests.faults.everything --worlds $(WORLDS) --steps $(STEPS) --crashes $(CRASHES) --kills $(KILLS) --races $(RACES) --seed $(SEED) $(ARGS)

clean: ## remove everything that was made here
	rm -rf $(VENV) dist demo-world
