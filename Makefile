# mlgate: what can be done with a fresh clone. Needs Go, Python 3.10+, make and
# git; all else is installed by the targets that need it, into the tree.
# `make help` lists the targets.

SHELL       := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

GO     ?= go
PYTHON ?= python3
export GO PYTHON

# Tools, pinned. They land in .cache/bin, named by version.
STATICCHECK_VERSION := v0.8.2
STATICCHECK := .cache/bin/staticcheck-$(STATICCHECK_VERSION)

# The race detector needs a C compiler; `make test` installs one where it can
# and says loudly where it runs without.
RACE = $(shell .ci/need gcc "gcc libc6-dev" && echo -race)

# How long each fuzz target runs; `make fuzz FUZZTIME=10m` for a long night.
FUZZTIME ?= 30s
# Reader against reader waits for MLflow at every request, so it runs longer.
READERTIME ?= 2m
# Narrow a run: make test PKG=./policy/... RUN=TestDeny
PKG ?= ./...
RUN ?= .
TESTFLAGS ?=
# Which MLflow the tests run, server and client: make e2e VERSION=2.22.5. Empty:
# the pinned one. From the command line only; .ci/venv knows the others.
VERSION :=
export TEST_MLFLOW_VERSION := $(VERSION)

# The suites that drive the Python client and a browser are long: they run in
# `e2e` and `browser`, everything else in `test`.
E2E_PACKAGES     := ./proxy/e2e
BROWSER_PACKAGES := ./proxy/e2e/browser
UNIT_PACKAGES     = $$($(GO) list $(PKG) | grep -v '/proxy/e2e') ./.ci/testcount

# What proves rule 3 of the design over the whole table is long as well: `prove`.
PROOFS := ^TestAnswersAreTheSameWhoeverElseIsThere$$|^TestNothingForeignMovesWhereverItsIDStands$$

# On PostgreSQL all holds that holds on SQLite, on MariaDB what has to do with
# names. There one after the other: MLflow's writes block each other.
NOT_ON_POSTGRES := OnMariaDB|^TestEveryMutant
ON_MARIADB      := OnMariaDB|^TestForeign

# What must hold on the older versions that are supported. The client's scripts
# there are those of ordinary work.
VERSIONS ?= 2.22.5 3.1.4
ON_OLDER := ^TestTheMLflowBehind|^TestAnswersAreTheSame|^TestNothingForeignMoves|^TestNothingMovesFor|^TestForeignThings|^TestForeignIDsAnswer|^TestEachRole|^TestDatasetsOfOneName|^TestADatasetIsLogged|^TestRunsAreFoundByTheirDatasets
ON_OLDER_CLIENT := ^TestDailyWorkThroughTheGateIsStockMLflow$$/^(tracking|artifacts|models|tidy)$$

COUNT = .cache/bin/testcount

.PHONY: help build venv tools test race prove versions fuzz lint cover coverage bench e2e e2e-idp browser backends mutants profile routes demo check clean go

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: go ## build bin/mlgate
	@mkdir -p .cache; echo "building bin/mlgate (the first time takes a minute or two)"
	@$(GO) build -trimpath -o bin/mlgate ./cmd/mlgate 2>.cache/build.log || { \
	  if grep -qE 'dial tcp|no such host|i/o timeout|connection refused|proxyconnect|TLS handshake' .cache/build.log; then \
	    echo "error: no Go module registry answers, so the libraries cannot be downloaded" >&2; \
	    echo "hint: check the network, or set GOPROXY to your mirror; what Go said is in .cache/build.log" >&2; \
	  else cat .cache/build.log >&2; fi; exit 1; }

venv: ## make .venv: the pinned MLflow that demo and live tests run (VERSION=2.22.5: an older one)
	@.ci/venv $(VERSION)

test: venv build tools $(COUNT) ## unit tests and tests against a live MLflow, with the race detector; ends in a count
	@$(GO) test $(RACE) -json -timeout 20m -run '$(RUN)' -skip '$(PROOFS)' $(TESTFLAGS) $(UNIT_PACKAGES) | $(COUNT)

# Programs that tests hold mlgate against. Only in CI must all be there.
tools:
	@for tool in "nginx nginx" "redis-server redis-server" "htpasswd apache2-utils" "systemd-analyze systemd"; do \
	  PATH="$$PATH:/usr/sbin" .ci/need $$tool || { code=$$?; [ $$code = 3 ] || exit $$code; }; \
	done

race: test ## the same as test: there is no run without the race detector

prove: venv $(COUNT) ## as if alone, and nothing foreign moves: what the whole table must hold
	@$(GO) test $(RACE) -json -timeout 20m -run '$(PROOFS)' $(TESTFLAGS) ./proxy | $(COUNT)

versions: venv build $(COUNT) ## as if alone, foreign ids, roles and the client on each older MLflow (VERSIONS="2.22.5 3.1.4")
	@for version in $(VERSIONS); do .ci/venv $$version; done
	@{ for version in $(VERSIONS); do \
	    echo "MLflow $$version" >&2; \
	    TEST_MLFLOW_VERSION=$$version $(GO) test -json -count=1 -timeout 20m -run '$(ON_OLDER)' $(TESTFLAGS) ./proxy || true; \
	    TEST_MLFLOW_VERSION=$$version $(GO) test -json -count=1 -timeout 20m -run '$(ON_OLDER_CLIENT)' $(TESTFLAGS) $(E2E_PACKAGES) || true; \
	  done; } | $(COUNT)

e2e: venv build tools $(COUNT) ## the Python client end to end, through every way in
	@$(GO) test $(RACE) -json -timeout 40m -run '$(RUN)' $(TESTFLAGS) $(E2E_PACKAGES) | $(COUNT)

browser: venv build $(COUNT) ## MLflow's own web UI in Chromium, through the gate
	@if .ci/need chromium chromium; then \
	  $(GO) test $(RACE) -json -timeout 20m -run '$(RUN)' -skip '^TestKeycloak' $(TESTFLAGS) $(BROWSER_PACKAGES) | $(COUNT); \
	else \
	  code=$$?; [ $$code = 3 ] || exit $$code; echo "0 passed, 0 failed, 1 skipped"; \
	fi

e2e-idp: venv build $(COUNT) ## company login at a real Keycloak, in Chromium (downloads 177 MB once; needs Java 17)
	@if .ci/need chromium chromium && .ci/need java openjdk-17-jre-headless; then \
	  KEYCLOAK_HOME=$$(.ci/keycloak) && export KEYCLOAK_HOME && \
	  $(GO) test $(RACE) -json -count=1 -timeout 20m -run '^TestKeycloak' $(TESTFLAGS) $(BROWSER_PACKAGES) | $(COUNT); \
	else \
	  code=$$?; [ $$code = 3 ] || exit $$code; echo "0 passed, 0 failed, 1 skipped"; \
	fi

backends: venv build $(COUNT) ## the same on PostgreSQL as on SQLite, and on MariaDB nothing by another name
	@if PATH="$$PATH:/usr/sbin" .ci/need mariadbd mariadb-server && \
	  .ci/need pg_ctlcluster postgresql; then \
	  { for backend in postgres mariadb; do TEST_MLFLOW_BACKEND=$$backend $(GO) test -tags backends -json -count=1 -timeout 10m -run '^TestStartsOn' $(TESTFLAGS) ./proxy/mlflowtest || true; done; \
	    TEST_MLFLOW_BACKEND=postgres $(GO) test -tags backends -json -count=1 -timeout 20m -skip '$(NOT_ON_POSTGRES)' $(TESTFLAGS) ./proxy || true; \
	    TEST_MLFLOW_BACKEND=mariadb $(GO) test -tags backends -json -count=1 -timeout 10m -parallel 1 -run '$(ON_MARIADB)' $(TESTFLAGS) ./proxy || true; \
	  } | $(COUNT); \
	else \
	  code=$$?; [ $$code = 3 ] || exit $$code; echo "0 passed, 0 failed, 1 skipped"; \
	fi

fuzz: go ## run every fuzz target for FUZZTIME (30s)
	@FUZZTIME=$(FUZZTIME) READERTIME=$(READERTIME) .ci/fuzz

lint: go $(STATICCHECK) ## gofmt, go vet, staticcheck
	@bad=$$(gofmt -l $$(git ls-files -co --exclude-standard '*.go')); \
	  if [ -n "$$bad" ]; then echo "not gofmt-ed:"; echo "$$bad"; exit 1; fi
	@$(GO) vet -tags backends ./... ./.ci/testcount ./.ci/newroutes
	@$(STATICCHECK) -tags backends ./... ./.ci/testcount ./.ci/newroutes
	@echo "lint: clean"

cover: venv build ## test coverage, by function, into output/cover.txt
	@mkdir -p output
	@$(GO) test -timeout 14m -coverpkg=./... -coverprofile=output/cover.out $(UNIT_PACKAGES) >output/cover.log || { cat output/cover.log; exit 1; }
	@$(GO) tool cover -func=output/cover.out >output/cover.txt
	@$(GO) tool cover -html=output/cover.out -o output/cover.html
	@tail -n 1 output/cover.txt

bench: venv build ## what mlgate costs beside others, into docs/benchmarks.md; fails below its floors
	@export PATH="$$PATH:/usr/sbin"; \
	  for tool in wrk nginx openssl; do \
	    .ci/need $$tool $$tool || { code=$$?; [ $$code = 3 ] || exit $$code; echo "bench: nothing was measured"; exit 0; }; \
	  done; \
	  $(GO) run ./proxy/bench $(BENCHFLAGS)

profile: ## renew the profile that Go optimises bin/mlgate by (cmd/mlgate/default.pgo)
	@$(MAKE) bench BENCHFLAGS='-only fast -rounds 3 -slice 6s -profile cmd/mlgate/default.pgo' || true

routes: go ## which routes of another MLflow need a row: make routes VERSION=3.18.0
	@.ci/newroutes/run $(VERSION)

mutants: venv ## change each row of the endpoint table in each way, and see a check fail (minutes; ROW=runs/ narrows)
	@.ci/venv 2.22.5
	@TEST_MUTANTS=$(or $(ROW),all) $(GO) test -count=1 -timeout 60m -run TestEveryMutantOfTheTableIsKilled -v ./proxy 2>&1 | grep -aE 'survived|prove nothing|^mutants:|^(ok|FAIL|---)'

coverage: venv ## write docs/coverage.md from the endpoint table
	@WRITE_COVERAGE=1 $(GO) test -count=1 -run TestCoveragePageIsCurrent ./proxy

demo: venv build ## two teams on one MLflow: watch what each may see (ONESHOT=1 ends after the table)
	@$(GO) build -trimpath -o bin/demo-company ./examples/quickstart/company
	@ONESHOT=$(ONESHOT) .venv/bin/python examples/quickstart/demo.py

check: ## everything that must hold before a merge
	@.ci/run

clean: ## remove what was built or installed here
	@rm -rf bin .venv .venv-* .cache output

go:
	@command -v $(GO) >/dev/null 2>&1 || { \
	  echo "error: Go is missing: '$(GO)' is not on the PATH" >&2; \
	  echo "hint: install Go $$(sed -n 's/^go //p' go.mod) or newer (https://go.dev/dl)" >&2; exit 1; }

$(COUNT): .ci/testcount/main.go | go
	@mkdir -p $(@D)
	@$(GO) build -o $@ ./.ci/testcount

$(STATICCHECK): | go
	@echo "installing staticcheck $(STATICCHECK_VERSION)"
	@mkdir -p $(@D)/staticcheck.new
	@GOBIN=$$PWD/$(@D)/staticcheck.new $(GO) install honnef.co/go/tools/cmd/staticcheck@$(STATICCHECK_VERSION)
	@mv $(@D)/staticcheck.new/staticcheck $@ && rmdir $(@D)/staticcheck.new
