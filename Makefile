# Two commands do everything on a bare Debian 12 with Go:
#
#   make run    installs what is missing, builds, starts the whole system with a sample interview
#   make test   installs what is missing, and passes every test
#
# The others are their parts, for daily work.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build
export PATH := $(CURDIR)/.cache/bin:$(PATH)

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
DATA ?= data
GO_PACKAGES := ./...
WEB_SOURCES := $(shell find web/src web/public web/*.html web/*.ts web/package.json 2>/dev/null)

.PHONY: run test short build setup web check lint bench fuzz clean

run: setup-run build
	bin/trivue serve --data $(DATA) --sample --fetch-models

test: setup-test build
	scripts/test.sh

# The daily path: no servers but Redis, no browser, short media.
short: web
	go test -short $(GO_PACKAGES)

build: web
	@echo "==> building bin/trivue (the first time GStreamer's bindings are compiled: some minutes)"
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/trivue ./cmd/trivue

.PHONY: setup-run setup-test
setup-run:
	scripts/setup.sh run
setup-test:
	scripts/setup.sh test

# The face models, from their public homes: make models; MODELS_FROM=FOLDER or a mirror's address instead of them; MODEL=taguchi for the
# one that was trained on many East Asian faces.
.PHONY: models
models: build
	bin/trivue face models --to $(DATA)/models $(if $(MODELS_FROM),--from $(MODELS_FROM)) $(if $(MODEL),--model $(MODEL))

web: web/dist/.built

# Not "npm ci": it refuses a lock that lacks the optional packages of other platforms, as locks made behind a filtered registry
# do. --no-save installs what the lock says and leaves it as it is.
web/node_modules/.installed: web/package.json web/package-lock.json
	@echo "==> installing front-end packages"
	cd web && npm install --no-save --no-audit --no-fund --loglevel=error
	@touch $@

web/dist/.built: web/node_modules/.installed $(WEB_SOURCES)
	@echo "==> building the pages"
	cd web && npm run --silent build
	@touch $@ web/dist/.gitkeep

# What a change must pass besides the tests.
check: web
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	go vet $(GO_PACKAGES)
	cd web && npm run --silent check

lint:
	scripts/lint.sh

bench: build
	bench/run.sh

# How many candidates can send at once, beside tusd alone.
.PHONY: bench-live
bench-live: build
	TRIVUE_BINARY=$(CURDIR)/bin/trivue go run ./bench/live

# The aligner against pairs with known truth, beside other methods. BENCH_QUICK=1: short pairs only, minutes instead of an hour.
.PHONY: bench-align setup-bench-align
setup-bench-align:
	scripts/setup.sh bench-align
bench-align: setup-bench-align build
	bench/align/run.sh

fuzz:
	scripts/fuzz.sh

clean:
	rm -rf bin web/dist/* web/node_modules
