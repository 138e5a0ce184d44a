# Everything a developer of Posthorn types. `make` alone lists it.

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

LINT_VERSION := v2.15.0
LINT := .tools/golangci-lint-$(LINT_VERSION)

# Each test package may take this long: the crash sweeps are the longest. TESTFLAGS adds flags, such as -run or -short.
TEST_TIMEOUT ?= 20m
TESTFLAGS ?=
PKGS ?= ./...

.PHONY: help
help: ## list these targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: ## start Posthorn for development: Postgres, sandbox platforms, API and worker; Ctrl-C ends it all
	@go run ./cmd/posthorn dev

.PHONY: test
test: race-possible ## run all tests on a real Postgres with the race detector, and every pair of faults without it; no skip goes unlisted
	@go run ./internal/postgres/pgtest/which
	@go test -race -count=1 -timeout=$(TEST_TIMEOUT) -json $(TESTFLAGS) $(PKGS) | go run ./internal/devtools/testreport
	@$(if $(filter ./...,$(PKGS)),go test -count=1 -timeout=$(TEST_TIMEOUT) -run '^TestSuite/pairs' $(TESTFLAGS) -json ./internal/platforms/... | go run ./internal/devtools/testreport)

.PHONY: bench
bench: ## measure creating, listing and publishing posts on this machine, with a million posts in the table; ends by itself
	go run ./test/bench $(BENCHFLAGS)

.PHONY: build
build: ## build the three commands into bin/, static and with the time zones inside
	CGO_ENABLED=0 go build -trimpath -tags timetzdata -o bin/ ./cmd/api ./cmd/worker ./cmd/posthorn

.PHONY: check
check: format-check vet lint fresh tidy-check test ## all that must hold before a change goes in

.PHONY: fmt
fmt: ## format the Go files
	gofmt -w $$(go list -f '{{.Dir}}' ./...)

.PHONY: lint
lint: $(LINT) ## run golangci-lint, at the version the project pins
	$(LINT) run ./...

.PHONY: vet
vet: ## run go vet
	go vet ./...
	go vet -tags pds ./test/...

.PHONY: generate
generate: ## write the generated files anew, from openapi.yaml and the list of rules
	go generate ./...

.PHONY: examples
examples: ## write the description's examples anew, as the scenarios in test/api see them
	go test -count=1 ./test/api -run TestExamples -update

.PHONY: fresh
fresh: ## fail when a generated file is out of date (and write it anew)
	@sums() { find . \( -name '*.gen.go' -o -path ./docs/rules.md \) -not -path './.*' | sort | xargs cksum; }; \
	before=$$(sums); go generate ./...; after=$$(sums); \
	[ "$$before" = "$$after" ] || { echo "generated files were out of date and are written anew; commit them:"; \
	diff <(echo "$$before") <(echo "$$after") | awk '/^>/ { print "  " $$NF }'; exit 1; }

.PHONY: migrate
migrate: ## bring the schema of DATABASE_URL up to date
	go run ./cmd/posthorn migrate

.PHONY: clean
clean: ## remove what builds left; the development data in .posthorn/ stays
	rm -rf bin .tools

# From here on, parts of the above.

.PHONY: format-check
format-check:
	@bad=$$(gofmt -l $$(go list -f '{{.Dir}}' ./...)); [ -z "$$bad" ] || { echo "not formatted (make fmt does it):"; echo "$$bad"; exit 1; }

.PHONY: tidy-check
tidy-check:
	@go mod tidy -diff || { echo "go.mod or go.sum is not tidy: run go mod tidy"; exit 1; }

# On Linux the race detector is linked with a C compiler; without one the go command's own words do not say what to install.
.PHONY: race-possible
race-possible:
	@[ "$$(go env GOOS)" != linux ] || [ "$$(go env CGO_ENABLED)" = 1 ] || \
	{ echo "The race detector needs a C compiler, and there is none: install gcc (on Debian: apt-get install gcc libc6-dev)."; exit 1; }

$(LINT):
	@echo "building golangci-lint $(LINT_VERSION), once"
	@GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_VERSION)
	@mv .tools/golangci-lint $@
