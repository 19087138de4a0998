# Everything runs in .venv, made from requirements.lock (hashes checked). `make help` lists the targets.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PORT ?= 8000
SINCE ?= origin/main
FORMAT ?= text

.DEFAULT_GOAL := help

.PHONY: help
help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(READY): requirements.lock pyproject.toml
	@echo "Making the environment in .venv (once; a few minutes on a slow line) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Set PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: serve
serve: publish ## build both sites and both indexes, then serve the agents' search, API and site
	@$(BIN)/casebook serve --audience agent --port $(PORT)

.PHONY: publish
publish: $(READY) ## build both indexes and both sites; sweep the sites for leaks
	@$(BIN)/casebook index
	@$(BIN)/casebook site

.PHONY: content
content: $(READY) ## check the content alone; FORMAT=text, github, …
	@$(BIN)/casebook check --format "$(FORMAT)"

# Problems are reported here, not judged: that is for `make content`.
.PHONY: review
review: $(READY) ## what reviewers need, into build/review; SINCE=origin/main
	@mkdir -p build/review
	@$(BIN)/casebook check --format gitlab >build/review/problems.gitlab.json || test $$? -eq 1
	@$(BIN)/casebook check --format sarif >build/review/problems.sarif || test $$? -eq 1
	@$(BIN)/casebook impact --since "$(SINCE)" --format markdown >build/review/impact.md
	@$(BIN)/casebook changed --since "$(SINCE)" >build/review/changed.md
	@{ cat build/review/changed.md; echo; cat build/review/impact.md; echo; } >build/review/review.md
	@$(BIN)/casebook codeowners --check 2>>build/review/review.md || true

.PHONY: editors
editors: $(READY) ## JSON Schemas into build/schemas, snippets into .vscode: after a change of the taxonomy
	@$(BIN)/casebook schema
	@$(BIN)/casebook schema --snippets .vscode/casebook.code-snippets

.PHONY: test
test: $(READY) ## every test; browser tests need Chromium
	$(BIN)/pytest

.PHONY: check
check: $(READY) ## what CI runs: format, lint, types, import layers, docs, content, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/casebook check
	$(BIN)/casebook codeowners --check
	@$(MAKE) --no-print-directory test

.PHONY: bench
bench: bench-relevance bench-speed ## both benchmarks; options in benchmarks/README.md

.PHONY: bench-relevance
bench-relevance: $(READY) ## how good the search is; DATA=DIR JSON=1 ENGINES=a,b SAMPLE=n MISSES=n
	@$(BIN)/python -m benchmarks.relevance $(if $(DATA),--data "$(DATA)") $(if $(JSON),--json) \
	    $(if $(ENGINES),--engines "$(ENGINES)") $(if $(SAMPLE),--sample "$(SAMPLE)") \
	    $(if $(MISSES),--misses "$(MISSES)") $(if $(PUBLISH),--publish)

.PHONY: bench-speed
bench-speed: $(READY) ## how fast it is; DATA=DIR SIZES=1000,10000 PARTS=queries,… PUBLISH=1
	@$(BIN)/python -m benchmarks.speed $(if $(DATA),--data "$(DATA)") $(if $(SIZES),--sizes "$(SIZES)") \
	    $(if $(PARTS),--parts "$(PARTS)") $(if $(PUBLISH),--publish)

.PHONY: pictures
pictures: $(READY) ## the README's pictures of the site, with Chromium, into docs/images
	@$(BIN)/python -m benchmarks.pictures

.PHONY: format
format: $(READY) ## put code into the house's format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: lock
lock: $(READY) ## take newer versions of the dependencies into requirements.lock
	$(PYTHON) -m venv build/lock && build/lock/bin/pip install --quiet uv
	build/lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-header --group dev --group bench pyproject.toml -o requirements.lock

.PHONY: clean
clean: ## remove everything generated
	rm -rf build .venv
