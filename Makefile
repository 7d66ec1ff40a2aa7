# Two commands: `make serve` and `make test`. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=$(VENV) UV_PYTHON_DOWNLOADS=never $(BIN)/uv
UV_VERSION := 0.13.9
# in the order of the folders: those whose files take longest come first
PYTEST := $(BIN)/python -m pytest --dist loadfile --no-loadscope-reorder

# compiled once, not at each of a thousand starts
unexport PYTHONDONTWRITEBYTECODE

.PHONY: serve test big bench pictures lint format clean browser

serve: $(VENV)/.runtime
	$(BIN)/customer-groups serve

test: browser
	$(PYTEST) --numprocesses 4 $(ARGS)

# what measures times has the machine to itself
big: browser
	$(PYTEST) --numprocesses 0 --big -m alone $(ARGS) || [ $$? = 5 ]  # 5: none of them
	$(PYTEST) --numprocesses 3 --big -m "not alone" $(ARGS) || [ $$? = 5 ]

# Chromium for the tests of the pages, where the machine has none; nothing to do where it has
browser: $(VENV)/.development
	@$(BIN)/python -m tests.admin.browser

bench: $(VENV)/.development
	$(BIN)/python -m tests.benchmarks $(ARGS)

pictures: $(VENV)/.development
	$(BIN)/python -m tests.admin.pictures

lint: $(VENV)/.development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.development
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) var

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

# --inexact: uv itself lives in the same environment
$(VENV)/.runtime: $(BIN)/uv pyproject.toml uv.lock
	$(UV) sync --frozen --inexact --quiet
	@touch $@

$(VENV)/.development: $(BIN)/uv pyproject.toml uv.lock
	$(UV) sync --frozen --inexact --quiet --group dev
	@touch $@ $(VENV)/.runtime
