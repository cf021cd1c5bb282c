# The front door: `make demo` runs the main job, `make test` the tests, `make fuzz` an hour of hostile files,
# `make docs` builds the site, `make dist` the packages; each installs what it needs into .venv first.
PYTHON ?= python3
DEMO ?= runs/demo
# Real images where they lie beside the project, else drawings of cells.
REAL := $(wildcard $(or $(HEMASCOPE_DATA),../shared/data)/pbc)
SOURCE ?= $(or $(REAL),synthetic)
BIN := .venv/bin

.PHONY: demo test lint fuzz docs dist clean

demo: $(BIN)/.installed
	rm -rf $(DEMO)
	$(BIN)/hemascope train "$(SOURCE)" --recipe demo -o $(DEMO)

test: $(BIN)/.installed lint
	$(BIN)/pytest -n auto --dist loadscope

# Damaged and hostile files for everything that reads, new ones each time, for so many seconds.
FUZZ ?= 3600
fuzz: $(BIN)/.installed
	HEMASCOPE_FUZZ=$(FUZZ) $(BIN)/pytest -n auto tests/fuzz

# Strictly, into site/: the tests build it too.
docs: $(BIN)/.installed
	$(BIN)/python scripts/docs

lint: $(BIN)/.installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

# Wheel and sdist in dist/, and the wheel tried as a user would: installed without extras, a cell classified.
dist: $(BIN)/.installed
	rm -rf dist
	$(BIN)/python -m hatchling build -d dist
	$(BIN)/python scripts/try_wheel.py dist/*.whl

# uv installs 6 GB of packages in well under the time that pip takes; compiling them once spares every start seconds.
$(BIN)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hemascope needs Python 3.11 or newer; name one with: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into .venv: about 6 GB on disk, a few minutes on a fast line."
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python -c constraints.txt -e ".[dev,serve]"
	@touch $@

clean:
	rm -rf .venv build dist runs site
