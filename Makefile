# The README's commands under short names. Needs Python 3.11 or newer; Windows: use the README's.

PYTHON := .venv/bin/python

.PHONY: run test check bench

run: .venv/installed
	$(PYTHON) -m streamlit run streamlit_app.py

test: .venv/installed-dev
	$(PYTHON) -m pytest

check: .venv/installed-dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy

# Those that need no further package; the one in the browser needs a Chromium. They take about a
# quarter of an hour on a machine that does nothing else.
bench: .venv/installed-dev
	$(PYTHON) -m benchmarks.search_core
	$(PYTHON) -m benchmarks.thumbnails
	$(PYTHON) -m benchmarks.pacing
	$(PYTHON) -m benchmarks.odd
	$(PYTHON) -m benchmarks.browser
	$(PYTHON) -m benchmarks.indexing_rate

# Empty files: their times say when the requirements were installed last.
.venv/installed: requirements.txt
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -r requirements.txt
	touch $@

.venv/installed-dev: requirements.txt requirements-dev.txt
	python3 -m venv .venv
	$(PYTHON) -m pip install -q -r requirements-dev.txt
	touch $@
