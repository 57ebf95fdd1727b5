# Everything here may be run again: what is installed, built or downloaded already is not done twice.
# The stamps live inside .venv, so removing .venv removes them too.

PYTHON ?= python3
VENV := .venv
# Three workers; the tests of a file stay on one of them, since they share what is costly to set up.
PYTEST_ARGS ?= -n 3 --dist loadfile
PY := $(VENV)/bin/python
PACKAGING := setup.py pyproject.toml tools/build_frontend.py $(wildcard tb_activation_hist/capture/_count*.[ch] tb_activation_hist/storage/_block*.[ch])
SHELL := /bin/bash

.DEFAULT_GOAL := help
.PHONY: help demo demo-audio test lint test-frontend test-python fuzz screenshots bench gpu generated notebooks docs matrix wheel release-check clean page chromium nginx

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | expand -t 16

demo: $(VENV)/.demo-installed ## Train on MNIST at two learning rates and watch it in TensorBoard (FULL=1, SERVE=0, DATA=dir)
	@$(PY) -m demo.train_mnist

demo-audio: $(VENV)/.demo-installed ## Train an audio tagger with slice(1e-6, 1e-2) and with 1e-2 (SERVE=0, FREESOUND=dir)
	@$(PY) -m demo.audio $(if $(FREESOUND),--freesound "$(FREESOUND)")

# Lint and front-end failures do not hide what pytest has to say; they still fail the whole.
test: $(VENV)/.dev-installed page chromium nginx ## Lint, type checks, front-end tests, Python and browser tests
	@failed=0; \
	$(MAKE) --no-print-directory lint || failed=1; \
	$(MAKE) --no-print-directory test-frontend || failed=1; \
	[ $$failed = 0 ] || echo "make test: a check above failed; pytest follows all the same."; \
	$(MAKE) --no-print-directory test-python || failed=1; \
	exit $$failed

lint: $(VENV)/.dev-installed page ## ruff, mypy, and the front end's biome and tsc
	@failed=0; \
	for check in "$(VENV)/bin/ruff check ." "$(VENV)/bin/ruff format --check ." "$(VENV)/bin/mypy" \
		"npm --prefix frontend run --silent lint" "npm --prefix frontend run --silent typecheck"; do \
		echo "+ $$check"; $$check || failed=1; \
	done; exit $$failed

test-frontend: $(VENV)/.dev-installed page
	npm --prefix frontend run --silent test

test-python: $(VENV)/.dev-installed page
	@$(PY) -m pytest $(PYTEST_ARGS)

fuzz: $(VENV)/.dev-installed page ## Feed 200,000 hostile inputs to readers and server (INPUTS=number)
	@$(PY) -m tests.fuzz $(INPUTS)

# One test needs it, and is skipped without.
nginx:
	@PATH=$$PATH:/usr/sbin command -v nginx >/dev/null || { . tools/apt.sh && apt_install nginx; } || \
		echo "nginx could not be installed; its test is skipped."

screenshots: $(VENV)/.dev-installed chromium ## Renew the pictures in docs/images from the demo's runs
	@$(PY) -m demo.screenshots

bench: $(VENV)/.dev-installed chromium ## Print the benchmark tables (kernel, overhead, size, writer, server, page, shared, compare, findings)
	@for name in kernel overhead size writer server page shared compare findings; do \
		printf '\n== bench.%s\n' $$name; $(PY) -m bench.$$name || exit 1; \
	done

# On purpose without an install: a machine that is lent for minutes has no network.
gpu: ## Prove it on a CUDA GPU within 9 minutes: tests, kernel, step times (ARGS="--only kernel")
	@$(if $(wildcard $(PY)),$(PY),$(PYTHON)) -m bench.gpu $(ARGS)

generated: $(VENV)/.dev-installed ## Renew what is made from the code's own tables: README's options, findings, HTTP types, columns, examples, docs/page.md
	$(PY) -m tools.options_table
	$(PY) -m tools.findings_table
	$(PY) -m tools.table_columns
	$(PY) -m tools.command_examples
	$(PY) -m tools.http_schema
	$(PY) -m tools.public_api
	npm --prefix frontend run --silent docs

matrix: $(VENV)/.dev-installed ## Try all supported versions of Python, torch and TensorBoard (hours of downloads; ONLY="torch2.4 torch2.8")
	@$(PY) -m bench.matrix $(ONLY)

wheel: $(VENV)/.dev-installed ## Build dist/*.whl, which installs anywhere without Node, compiler or torch
	@$(PY) tools/make_wheel.py

release-check: $(VENV)/.dev-installed ## Build sdist and wheel and try them as users will (PYTHONS="3.10 3.13")
	@$(PY) tools/release_check.py $(if $(PYTHONS),--pythons $(PYTHONS))

notebooks: $(VENV)/.dev-installed ## Run the notebooks of examples/ and store their outputs (ONLY=fastai)
	@$(PY) -m tools.run_notebooks $(ONLY)

docs: $(VENV)/.dev-installed ## Build the site into build/site, with every link checked (REPOSITORY_URL=https://… links to the sources)
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --strict

clean: ## Remove build output and caches; keeps .venv, runs and downloads
	rm -rf build dist *.egg-info tb_activation_hist/static frontend/dist \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find tb_activation_hist tests demo bench tools -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f tb_activation_hist/capture/*.so $(VENV)/.demo-installed $(VENV)/.dev-installed

# The page decides by digest whether it is fresh: a tenth of a second when it is.
page:
	@$(PYTHON) tools/build_frontend.py --with-packages

chromium:
	@tools/find_chromium.sh

$(VENV)/.made: tools/make_venv.sh
	@tools/make_venv.sh $(PYTHON) $(VENV)
	@touch $@

# Editable, so that a change of the Python sources needs no second install.
# Bytecode of five gigabytes is not compiled ahead: Python does it for the part that is used.
$(VENV)/.demo-installed: $(VENV)/.made $(PACKAGING) | page
	$(PY) -m pip install --no-compile --progress-bar on -e '.[demo]'
	@touch $@

$(VENV)/.dev-installed: $(VENV)/.made $(PACKAGING) | page
	$(PY) -m pip install --no-compile --progress-bar on -e '.[dev]'
	@touch $@ $(VENV)/.demo-installed
