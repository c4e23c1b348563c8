# Everything works on a fresh checkout: each target first makes the virtual environment it needs.
# Another Python: make test PYTHON=python3.13
PYTHON ?= python3
VENV := .venv/$(shell $(PYTHON) -c 'import sys; print("py%d.%d" % sys.version_info[:2])')
BIN := $(VENV)/bin
PROCESSES ?= 2

.PHONY: demo test proofs check bench environment clean

demo: $(VENV)/run.stamp
	$(BIN)/python -m demo

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest $(ARGS)

proofs: $(VENV)/dev.stamp
	$(BIN)/python -m pytest --whole -m 'proof or hypothesis' -n $(PROCESSES) $(ARGS)

check: $(VENV)/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n $(PROCESSES) tests/structure tests/unit

bench: $(VENV)/dev.stamp
	$(BIN)/python -m bench.record
	$(BIN)/python -m bench.history
	$(BIN)/python -m bench.matcher
	$(BIN)/python -m bench.serve
	$(BIN)/python -m bench.protocol
	$(BIN)/python -m bench.changes
	$(BIN)/python -m bench.redaction
	$(BIN)/python -m bench.start_up.commands
	$(BIN)/python -m bench.long_writes
	$(BIN)/python -m bench.beside
	$(BIN)/python -m bench.unlike

environment: $(VENV)/dev.stamp

clean:
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/bin/python:
	.ci/make-venv $(PYTHON) $(VENV)

$(VENV)/run.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/dev.stamp: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@ $(VENV)/run.stamp
