# One task runner: `make demo`, `make test`, `make check` (what CI runs), `make bench`, `make lock`.
# PYTHON may name an interpreter; otherwise the first of 3.13 and 3.12 that this machine offers is taken.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.bench-installed
PYTHON ?= $(shell sh tools/find-python)
export UV_PYTHON_DOWNLOADS := never
export CMDSTAN :=
LOCK := uv pip compile -q --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.12 pyproject.toml

.PHONY: demo test check lint types contracts dependencies bench bench-install lock clean

demo: $(STAMP)
	@$(BIN)/causalcx demo $(if $(SERVE),--serve)

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadgroup

check: lint types contracts dependencies test

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/ty check

contracts: $(STAMP)
	$(BIN)/lint-imports

dependencies: $(STAMP)
	$(BIN)/deptry causalcx

bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks

lock:
	$(BIN)/$(LOCK) --extra dev -o requirements.txt
	$(BIN)/$(LOCK) --extra dev --extra bench -o requirements-bench.txt

clean:
	rm -rf $(VENV)

$(BIN)/uv:
	@test -n "$(PYTHON)" || { echo "causalcx needs Python 3.12 or 3.13: install one, or name it with make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv

$(STAMP): requirements.txt pyproject.toml | $(BIN)/uv
	$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.txt
	$(BIN)/uv pip install -q --python $(BIN)/python --no-build-isolation --no-deps -e .
	@touch $@

$(BENCH_STAMP): requirements-bench.txt $(STAMP)
	$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements-bench.txt
	@touch $@
