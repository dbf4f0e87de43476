# Everything from a fresh machine with Python 3.11: `make demo`, `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test test-slow bench clean

# The environment, and again when the dependencies change.
$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "fastslow needs Python 3.11 or later; try make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/installed-test: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@

demo: $(VENV)/installed
	$(BIN)/fastslow reproduce bandits --preset quick

test: $(VENV)/installed-test
	$(BIN)/python -m pytest --numprocesses 2

test-slow: $(VENV)/installed-test
	$(BIN)/python -m pytest -m slow

# On a quiet machine. All of it: `make bench EXTRAS=atari,gym,peers`; what lacks its extra is left out, and named.
bench: $(VENV)/installed
	$(if $(EXTRAS),$(BIN)/python -m pip install --quiet --editable '.[$(EXTRAS)]')
	$(BIN)/python -m benchmarks.speed

clean:
	rm -rf $(VENV) build dist
