# Everything is installed into .venv, once: PYTHON=python3.12 make test picks another interpreter.

PYTHON ?= python3
BIN    := .venv/bin
TUMOUR := examples/tumour
OUT    := build/demo
PYTEST := $(BIN)/python -m pytest -q -n auto --dist worksteal

# What `make quick` runs: the house, the language, random programs, and of the rest what says most in a second.
QUICK := tests/architecture tests/lang \
         $(addprefix tests/properties/test_, $(addsuffix .py, language_agrees words_agree slots_coupling)) \
         $(addprefix tests/compiler/test_, $(addsuffix .py, cells contractions flow functions gates grad language_page \
             leaks mutants passes place problems strides)) \
         $(addprefix tests/runtime/test_, $(addsuffix .py, channel contract encode files garbling_security hash keys \
             labels load native native_products permit protocol_page save session tls walk wire_format))

.PHONY: help demo quick test test-all lint docs format news pictures hooks clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1|\2/p' $(MAKEFILE_LIST) | awk -F '|' '{ printf "  %-14s %s\n", $$1, $$2 }'

demo: .venv/.run  ## a vendor's classifier, tuned on a hospital's records, between two processes
	@mkdir -p $(OUT) && rm -f $(OUT)/tuned.npz
	@echo "== the vendor's base model"
	@$(BIN)/python $(TUMOUR)/score.py $(TUMOUR)/base.npz
	@echo "== the run: vendor and hospital, two processes, TLS between them"
	@$(BIN)/ccr run $(TUMOUR)/tumour.ccr --input w0=$(TUMOUR)/base.npz --input records=$(TUMOUR)/records.csv \
	    --output w=$(OUT)/tuned.npz
	@echo "== the tuned model, which the vendor learned"
	@$(BIN)/python $(TUMOUR)/score.py $(OUT)/tuned.npz

quick: .venv/.dev  ## the tests that fail first, in about a minute
	@$(PYTEST) $(QUICK)

test: .venv/.dev  ## the tests, as many at once as there are cores
	@$(PYTEST)

test-all: .venv/.dev  ## the slow ones too
	@$(PYTEST) -m ""

lint: .venv/.dev  ## layout, style, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports

docs: .venv/.dev  ## the site, in build/site; a link that leads nowhere fails
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs --quiet build --strict

format: .venv/.dev  ## lay the code out, mend what can be mended by rule
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

news: .venv/.dev  ## what the next release's notes will say
	@$(BIN)/towncrier build --draft --version next

pictures: .venv/.dev  ## the docs' pictures of pages, anew; needs chromium and chromedriver
	@PYTHONPATH=.:tests $(BIN)/python -m support.pictures

hooks: .venv/.dev  ## let git run the layout and style checks before each commit
	@$(BIN)/pre-commit install

clean:  ## forget what was installed and built
	rm -rf .venv build *.egg-info

# The stamps: installed for this pyproject.toml and these sources in C.  An editable install follows the others by itself.
BUILT := pyproject.toml setup.py $(wildcard runtime/execute/native/*.[ch])

.venv/.run: $(BIN)/pip $(BUILT)
	@echo "installing into .venv, once" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

.venv/.dev: $(BIN)/pip $(BUILT)
	@echo "installing into .venv, once" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ .venv/.run

# pip is what comes last: an environment whose making was cut has none, and is made again.
$(BIN)/pip:
	@$(PYTHON) -m venv .venv
