# Everything runs in the environment of $(BIN); the README's second command makes it.
BIN ?= .venv/bin

.PHONY: check lint types layers test figures book site bench bench-check verify mutants page-figures

check: lint types layers test   ## what continuous integration runs

lint:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types:
	$(BIN)/mypy

layers:
	$(BIN)/lint-imports --no-cache

test:
	$(BIN)/python -m pytest

figures:   ## the figures of the README: about 10 minutes
	$(BIN)/python book/blog/overview.py
	$(BIN)/python book/blog/solvers.py

page-figures:   ## pictures of the page, in Chromium: docs/figures/page; about five minutes
	$(BIN)/python docs/building/page_figures.py

book:   ## published figures, made again, on one page: book/index.md; a few minutes
	$(BIN)/python -m book

site:   ## the documents as a site, in build/site: open index.html; pip install -e ".[docs]" first
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

bench:   ## the benchmark, beside what a user would run instead: about half an hour; --quick: benchmarks/README.md
	$(BIN)/python -m benchmarks

bench-check:   ## has an engine become slower, by its ratio to the NumPy loop? about a minute
	$(BIN)/python -m benchmarks.check

verify:   ## every law, checked with a fresh seed: within 20 minutes; verification/README.md
	$(BIN)/python -m verification

mutants:   ## is each deliberate mistake caught by a test? about 3 minutes, more where one survives
	$(BIN)/python -m verification.mutants
