# make demo      a vendor's classifier, tuned on a hospital's records, between two processes
# make test      the tests; make test-all takes the slow ones too
# make lint      style, types, import rules
#
# Everything is installed into .venv, once: PYTHON=python3.12 make test picks another interpreter.

PYTHON ?= python3
BIN    := .venv/bin
TUMOUR := examples/tumour
OUT    := build/demo

.PHONY: demo test test-all lint clean

demo: .venv/.run
	@mkdir -p $(OUT) && rm -f $(OUT)/tuned.npz
	@echo "== the vendor's base model"
	@$(BIN)/python $(TUMOUR)/score.py $(TUMOUR)/base.npz
	@echo "== the run: vendor and hospital, two processes, TLS between them"
	@$(BIN)/ccr run $(TUMOUR)/tumour.ccr --input w0=$(TUMOUR)/base.npz --input records=$(TUMOUR)/records.csv \
	    --output w=$(OUT)/tuned.npz
	@echo "== the tuned model, which the vendor learned"
	@$(BIN)/python $(TUMOUR)/score.py $(OUT)/tuned.npz

test: .venv/.dev
	@$(BIN)/python -m pytest -q

test-all: .venv/.dev
	@$(BIN)/python -m pytest -q -m ""

lint: .venv/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

clean:
	rm -rf .venv build *.egg-info

# The stamps: installed for this pyproject.toml.  An editable install follows the sources by itself.
.venv/.run: $(BIN)/python pyproject.toml
	@echo "installing into .venv, once" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: $(BIN)/python pyproject.toml
	@echo "installing into .venv, once" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/.run

$(BIN)/python:
	@$(PYTHON) -m venv .venv
