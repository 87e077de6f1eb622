# The commands of the project. `make` alone prints them.
# Each installs the Debian packages that it needs and are missing (packages.txt), as root or by sudo.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := /usr/bin/python3
PYTEST := PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) -m pytest -p no:cacheprovider
BINARY := build/release/src/keyshift

.PHONY: help
help: ## Print this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Watch a simulated migration in fast motion: gateway, PostgreSQL, Redis, Prometheus (DEMO_SECONDS=60 to end by itself)
	@scripts/install-packages build demo
	@[ -f build/demo/build.ninja ] || cmake --preset demo
	@cmake --build --preset demo --target keyshift
	@PYTHONPATH=tests KEYSHIFT_BINARY=build/demo/src/keyshift $(PYTHON) scripts/demo.py

.PHONY: run
run: build ## Run `keyshift serve` on DATABASE_URL
	@if [ -z "$$DATABASE_URL" ]; then echo "set DATABASE_URL=postgresql://user:password@host/database, or try make demo" >&2; exit 64; fi
	@exec $(BINARY) serve

.PHONY: build
build: ## Build the program: build/release/src/keyshift
	@scripts/install-packages build
	@[ -f build/release/build.ninja ] || cmake --preset release
	@cmake --build --preset release --target keyshift

# Of which build a package is made: release, or dev, which the tests have built already.
PRESET ?= release
# For which machines. Another than one's own: in a Debian that is there for that alone, as RELEASE gives it.
ARCHITECTURE ?= $(shell dpkg --print-architecture)
CROSS := $(filter-out $(shell dpkg --print-architecture),$(ARCHITECTURE))
SUFFIX := $(if $(CROSS),-$(CROSS))
BUILT := build/$(PRESET)$(SUFFIX)
CROSS_OPTIONS := $(if $(CROSS),-B $(BUILT) --toolchain cmake/cross-$(CROSS).cmake -DKEYSHIFT_TESTS=OFF)
PACKAGES := build/package$(if $(filter-out release,$(PRESET)),-$(PRESET))$(SUFFIX)

.PHONY: package
package: ## Make the Debian package, in build/package (PRESET=dev: of the tests' build, in build/package-dev)
	@scripts/install-packages --for $(ARCHITECTURE) build package $(if $(CROSS),cross)
	@[ -f $(BUILT)/build.ninja ] || $(if $(CROSS)$(filter-out dev,$(PRESET)),cmake --preset $(PRESET) $(CROSS_OPTIONS),$(MAKE) --no-print-directory dev-configure)
	@cmake --build $(BUILT) --target keyshift_packaging
	@rm -rf $(PACKAGES)
	@DEB_HOST_ARCH=$(ARCHITECTURE) cpack --config $(BUILT)/CPackConfig.cmake -B $(PACKAGES) >$(PACKAGES).log 2>&1 || { cat $(PACKAGES).log; exit 1; }
	@ls $(PACKAGES)/*.deb

.PHONY: test-system test-system-trixie
test-system: ## Install, run, break, upgrade and purge the package in a booted Debian (as root; says why where it cannot)
	@$(MAKE) --no-print-directory package PRESET=dev
	@scripts/install-packages test system
	@$(PYTEST) -q -r s tests/system
test-system-trixie: ## The unit tests in Debian 13, and the same with the package that it builds, in Debian 13
	@$(MAKE) --no-print-directory test-platform RELEASE=trixie TARGETS='unit package PRESET=dev UNITY=OFF'
	@KEYSHIFT_PACKAGE=$$(ls build/trixie/package-dev/keyshift_*.deb) $(PYTEST) -q -r s tests/system

.PHONY: image image-of test-image
image: ## Make the container image, in build/image, of a package built in Debian 13 (as root; ARCHITECTURE=arm64: for arm64)
	@$(MAKE) --no-print-directory test-platform RELEASE=trixie TARGETS='package PRESET=$(PRESET)'
	@$(MAKE) --no-print-directory image-of
image-of:
	@scripts/install-packages image
	@PYTHONPATH=tests $(PYTHON) scripts/image.py $$(ls build/trixie/$(notdir $(PACKAGES))/keyshift_*.deb)
test-image: ## Make the image of the tests' build and run it, confined, with all that goes wrong (as root; says why where it cannot)
	@$(MAKE) --no-print-directory image PRESET=dev
	@scripts/install-packages test
	@$(PYTEST) -q -s -r s tests/image

# Of what a release is made.
RELEASES ?= bookworm trixie
ARCHITECTURES ?= amd64 arm64

.PHONY: release test-release
release: ## Make packages for Debian 12 and 13, images, amd64 and arm64, and archives, with SHA256SUMS: build/dist (as root)
	@$(foreach release,$(RELEASES),$(foreach architecture,$(ARCHITECTURES),\
	  $(MAKE) --no-print-directory test-platform RELEASE=$(release) ARCHITECTURE=$(architecture) TARGETS='package PRESET=$(PRESET)' &&)) true
	@$(foreach architecture,$(ARCHITECTURES),$(MAKE) --no-print-directory image-of ARCHITECTURE=$(architecture) &&) true
	@$(PYTHON) scripts/image_index.py $(foreach architecture,$(ARCHITECTURES),build/image/keyshift-*-$(architecture).tar)
	@rm -rf build/dist
	@$(PYTHON) scripts/release.py build/dist build/image/keyshift-* \
	  $(foreach release,$(RELEASES),$(foreach architecture,$(ARCHITECTURES),build/$(release)/package$(if $(filter-out release,$(PRESET)),-$(PRESET))*/*_$(architecture).deb))
test-release: ## Make a release of Debian 13 alone, of the tests' build, and try what it holds; arm64 by emulation (as root)
	@$(MAKE) --no-print-directory release RELEASES=trixie PRESET=dev
	@scripts/install-packages test image release
	@$(PYTEST) -q -r s tests/release

# Of another Debian, and what make is to do there.
RELEASE ?= trixie
TARGETS ?= test

.PHONY: test-platform
test-platform: ## Make another Debian (RELEASE=trixie) and run make test there, or other TARGETS (as root)
	@scripts/install-packages test system
	@ARCHITECTURE=$(CROSS) PYTHONPATH=tests $(PYTHON) scripts/other_debian.py $(RELEASE) $(TARGETS)

# Of the matrix; all of them unless named.
SERVERS ?=

.PHONY: test-matrix
test-matrix: dev-build ## Run on PostgreSQL 13 to 18, Redis, Valkey and PgBouncer (SERVERS="postgresql-18 valkey-8.1": on some) and note the results in docs/compatibility.md
	@scripts/install-packages matrix
	@PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/matrix/run.py $(SERVERS)

.PHONY: test test-units test-servers
test: dev-configure format-check ## Build and run every test: unit, architecture, integration, end to end, the tests' own tools, some mutations
	@cmake --build --preset dev --target keyshift keyshift_packaging
	@$(MAKE) --no-print-directory -j2 test-servers test-units
	@$(PYTHON) tests/mutation/mutate.py --sample 20 --quiet
# The tests with servers wait most of their time; meanwhile the others are built and run, by what is left of the processors.
test-servers:
	@$(PYTEST) -q -r s -n 6 --dist loadfile tests/e2e tests/integration tests/faults tests/selftest tests/architecture
test-units:
	@nice -n 19 cmake --build --preset dev --target all all_verify_interface_header_sets >build/dev/build.log || { cat build/dev/build.log; exit 1; }
	@nice -n 19 ctest --preset dev --output-log build/dev/ctest.log --quiet || { cat build/dev/ctest.log; exit 1; }
	@tail -n 3 build/dev/ctest.log

.PHONY: unit
unit: dev-build ## Run the unit tests alone
	@ctest --preset dev

.PHONY: mutation
mutation: ## Break the domain's rules one by one: a unit test must notice each
	@scripts/install-packages build test
	@$(PYTHON) tests/mutation/mutate.py

.PHONY: test-crash
test-crash: dev-build ## Power lost 200 times, kill -9 1,000 times, two minutes of rotations and truncations of logs (half an hour; make test: short forms)
	@KEYSHIFT_POWER_LOSSES=200 $(PYTEST) -q -s tests/e2e/test_power_loss.py
	@KEYSHIFT_TORTURE_KILLS=1000 $(PYTEST) -q -s tests/e2e/test_counters_over_kills.py
	@KEYSHIFT_TORTURE_SECONDS=120 build/dev/tests/contract_drivers --gtest_brief=1 --gtest_filter='*Torture*'
	@KEYSHIFT_TORTURE_SECONDS=120 $(PYTEST) -q -s tests/e2e/test_logs_torture.py

.PHONY: soak
soak: dev-build ## Watch for an hour, with all that goes on around it, and see that memory and descriptors stay (SECONDS=600; make test: a short form)
	@KEYSHIFT_SOAK_SECONDS=$(or $(SECONDS),3600) $(PYTEST) -q -s tests/e2e/test_soak.py

.PHONY: test-faults
test-faults: dev-build ## Each source and the process with every fault, by real means (as root), into docs/reliability.md (make test: some of them)
	@scripts/install-packages test
	@rm -rf build/faults
	@KEYSHIFT_FAULTS=all KEYSHIFT_FAULTS_RESULTS=$(CURDIR)/build/faults $(PYTEST) -q -r s -n 4 --dist loadfile tests/faults
	@PYTHONPATH=tests PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/faults/page.py build/faults

.PHONY: test-field
test-field: dev-build ## Run the cases of FIELD=folder (field, products, truth, chaos) against the build; ONLY=part of their names
	@if [ ! -d "$(FIELD)" ]; then echo "say where the cases are: make test-field FIELD=../shared" >&2; exit 64; fi
	@PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/field/run_cases.py $(FIELD) --only '$(ONLY)'

# OFF: each file is compiled by itself, which takes twice as long from nothing.
UNITY ?= ON

.PHONY: dev-build dev-configure
dev-configure:
	@scripts/install-packages build checks test
	@[ -f build/dev/build.ninja ] || cmake --preset dev -DKEYSHIFT_UNITY=$(UNITY)
dev-build: dev-configure
	@cmake --build --preset dev --target all all_verify_interface_header_sets

.PHONY: asan tsan fuzz
asan: ## Run the unit tests under AddressSanitizer and UBSan
tsan: ## Run the unit tests under ThreadSanitizer
asan tsan:
	@scripts/install-packages build test
	@cmake --workflow --preset $@
fuzz: ## Run the unit tests built by clang, and each fuzzer for 20 seconds (SECONDS=600: for that long)
	@scripts/install-packages build test fuzz
	@cmake --preset fuzz -DKEYSHIFT_FUZZ_SECONDS=$(or $(SECONDS),20)
	@cmake --build --preset fuzz
	@ctest --preset fuzz

.PHONY: coverage
coverage: ## Say which branches of domain, journal and formats the unit tests take (lines without one: build/coverage/index.html)
	@scripts/install-packages build test coverage
	@[ -f build/coverage/build.ninja ] || cmake --preset coverage
	@cmake --build --preset coverage --target $(addprefix unit_,$(COVERED)) contract_journal
	@find build/coverage -name '*.gcda' -delete
	@for tests in $(addprefix unit_,$(COVERED)) contract_journal; do build/coverage/tests/$$tests --gtest_brief=1 || exit 1; done
	@for layer in $(COVERED); do echo "src/$$layer"; \
	  gcovr --root . --object-directory build/coverage --filter src/$$layer/ --exclude-throw-branches --exclude-unreachable-branches \
	    --html-details build/coverage/$$layer.html --print-summary | grep -E '^(lines|branches)' || exit 1; done
COVERED := domain journal formats

.PHONY: monitoring
monitoring: ## Generate alerts and dashboards from their sources (RUNBOOKS=https://... is where runbook_url leads)
	@scripts/install-packages monitoring
	@jsonnetfmt -i mixin.libsonnet alerts/src/* dashboards/src/*
	@jsonnet --string --tla-str runbooks='$(RUNBOOKS)' --output-file alerts/keyshift.rules.yaml alerts/src/keyshift.rules.jsonnet
	@jsonnet --tla-str runbooks='$(RUNBOOKS)' --multi dashboards dashboards/src/dashboards.jsonnet >/dev/null

# Where the pictures are left; docs/images replaces those of the documentation.
PICTURES ?= build/pictures

.PHONY: test-dashboards
test-dashboards: build ## Draw the dashboards with Grafana's own parts in a browser, and look for what cannot be read (needs npm's registry)
	@scripts/install-packages test render
	@cd tests/render && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@cd tests/render && npm run --silent types
	@PICTURES=$(PICTURES) KEYSHIFT_BINARY=$(BINARY) $(PYTEST) -q tests/render

.PHONY: test-page
test-page: dev-configure ## Use the status page in a browser as a person does, by every rule of accessibility (needs npm's registry; make test has a short form)
	@cmake --build --preset dev --target keyshift
	@scripts/install-packages test page
	@cd tests/page && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@PICTURES=$(if $(findstring command,$(origin PICTURES)),$(abspath $(PICTURES))) $(PYTEST) -q tests/page

.PHONY: test-openapi
test-openapi: dev-build ## Let others' tools judge the API: its description, and the answers to 1,500 questions (needs npm's registry)
	@scripts/install-packages test openapi
	@cd tests/openapi && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(PYTEST) -q -s tests/openapi

.PHONY: kubernetes test-kubernetes
kubernetes: ## Render config/kubernetes anew from the Helm chart (needs npm's registry)
	@scripts/install-packages test kubernetes
	@cd tests/kubernetes && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(PYTHON) tests/kubernetes/chart.py
test-kubernetes: dev-configure ## Render the Helm chart with all kinds of values, and hold it against the types of Kubernetes (needs npm's registry; no cluster)
	@cmake --build --preset dev --target keyshift
	@scripts/install-packages test kubernetes
	@cd tests/kubernetes && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@$(PYTEST) -q tests/kubernetes tests/integration/test_kubernetes.py

SOURCES = $(shell find src tests packaging -name node_modules -prune -o \( -name '*.cpp' -o -name '*.hpp' \) -print)

.PHONY: format format-check
format: ## Format the C++ code
	@scripts/install-packages checks
	@clang-format-19 -i $(SOURCES)
format-check:
	@clang-format-19 --dry-run --Werror $(SOURCES)

.PHONY: lint
lint: ## Run clang-tidy
	@scripts/install-packages build checks test
	@cmake --preset dev -B build/lint -DKEYSHIFT_UNITY=OFF >/dev/null
	@run-clang-tidy-19 -quiet -p build/lint '$(CURDIR)/src/.*'

.PHONY: bench
bench: ## Measure against the targets, side by side with the peers
	@scripts/install-packages build test bench
	@[ -f build/bench/build.ninja ] || cmake --preset bench
	@cmake --build --preset bench
	@PYTHONPATH=tests $(PYTHON) tests/bench/all.py

.PHONY: clean
clean: ## Remove what was built
	@rm -rf build
