# A fresh machine needs `make run` and `make test`, nothing before them: each installs what it needs and does not find.

# A pipe fails when its first program does.
SHELL       := bash
.SHELLFLAGS := -o pipefail -c

# What is compiled does not know its folder: the archives of the functions share it with the rest.
export GOFLAGS := $(shell go env GOFLAGS) -trimpath

.PHONY: run test lint fuzz scan faults bench bench-realtime generate tools packages packages-test clean

emulator_tools := .local/bin/cloud-tasks-emulator .local/bin/fake-gcs-server
firebase_tools := emulators/tools/node_modules/.package-lock.json
linter         := .local/bin/golangci-lint
scanner        := .local/bin/govulncheck
web_packages   := web/node_modules/.package-lock.json
browser_tests  := tests/browser/node_modules/.package-lock.json

# run starts the whole product on this machine and prints its address.
run: packages tools $(web_packages)
	@go build -o .local/bin/ ./emulators/local ./emulators/functionhost ./realtime-run
	@exec .local/bin/local

# test checks everything that a change has to pass. The linter vets; to vet again with the tests would look at every package that
# ours are made of.
test: packages-test tools $(web_packages) $(browser_tests) $(linter)
	$(linter) run ./...
	cd web && npm run lint && npm run test && npm run build
	go test -race -vet=off -timeout 20m ./...
	@$(MAKE) --no-print-directory fuzz

# fuzz gives every parser of untrusted bytes so many inputs of its own making, from the seeds in its test. They are counted and
# not timed: at the end of its time Go 1.26 sometimes fails without an input that does (https://go.dev/issue/75804).
FUZZTIME ?= 20000x
fuzz:
	@grep -rl --include='*_test.go' '^func Fuzz' shared functions emulators | while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z]*\).*/\1/p' "$$file"); do \
			echo "fuzz $$target"; \
			go test -vet=off -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) "./$$(dirname "$$file")" > .local/fuzz.log 2>&1 || { cat .local/fuzz.log; exit 1; }; \
			grep -E 'elapsed: .*execs' .local/fuzz.log | tail -1; \
		done || exit 1; \
	done

lint: $(linter) $(web_packages)
	$(linter) run ./...
	cd web && npm run lint

# scan looks for known weaknesses in our code and in what it is built from.
scan: $(linter) $(scanner) $(web_packages) $(browser_tests)
	tests/scan/scan

bench:
	go test -run '^$$' -bench . -benchmem ./...
	ONLY=latency ROUNDS=100 go test -count=1 -v ./tests/browser | grep "control action to screen"

# bench-realtime measures one instance with CLIENTS connections, EVENTS_PER_SECOND for all of them, for SECONDS.
bench-realtime:
	ulimit -n 65536 2>/dev/null || ulimit -n $$(ulimit -Hn); \
	go test -timeout 10m -run '^$$' -bench '^BenchmarkRealtime$$' -benchtime 1x ./tests/load

# faults breaks what can break while EVENTS events flow and TASKS tasks are worked on, at the moments that SEED chooses, and
# counts what became of them.
EVENTS ?= 10000
TASKS ?= 2000
SEED ?= 1
faults:
	EVENTS=$(EVENTS) TASKS=$(TASKS) SEED=$(SEED) go test -count=1 -timeout 60m -v ./tests/faults | grep -v '{"time"'

generate:
	go generate ./...

# tools installs the emulators that come as Go and npm packages.
tools: $(emulator_tools) $(firebase_tools)

# packages are the system's. A program that is missing is installed where that is possible, and named where it is not.
packages:
	@emulators/tools/packages go node npm gcloud java:default-jre-headless redis-server:redis-server

packages-test: packages
	@emulators/tools/packages chromium:chromium pdftotext:poppler-utils

clean:
	rm -rf .local web/dist web/node_modules tests/browser/node_modules emulators/tools/node_modules

$(emulator_tools) &: emulators/tools/go.mod emulators/tools/go.sum
	@echo "Building the emulators that are Go programs"
	@cd emulators/tools && go build -o ../../.local/bin/ tool
	@touch $(emulator_tools)

$(linter): tests/lint/go.mod tests/lint/go.sum
	@echo "Building golangci-lint"
	@cd tests/lint && go build -o ../../.local/bin/ tool
	@touch $@

$(scanner): tests/scan/go.mod tests/scan/go.sum
	@echo "Building govulncheck"
	@cd tests/scan && go build -o ../../.local/bin/ tool
	@touch $@

$(firebase_tools): emulators/tools/package-lock.json
	@echo "Installing the Firebase emulators and the mailbox"
	@cd emulators/tools && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(web_packages): web/package-lock.json
	@echo "Installing the dashboard's packages"
	@cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(browser_tests): tests/browser/package-lock.json
	@echo "Installing the browser tests' packages"
	@cd tests/browser && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
