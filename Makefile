# Every target does its own set-up; run from a fresh clone. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
ROOT := $(CURDIR)
SEEDS ?= 1000
KILLS ?= 100

.PHONY: help setup build demo test test-cc test-python bench sim chaos format lint clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install what building and testing need (apt packages, uv)
	@tools/setup.sh

build: setup ## bin/runwright, bin/runwright-shim, bin/runwright-guard, bin/uv, python/
	@tools/build.sh release runwright runwright-shim runwright-guard
	@echo "bin/runwright is ready. Next: bin/runwright init, or make demo"

demo: build ## a complete SDK v1 program on real data, start to end, in a scratch folder
	@tools/demo.sh

test: build test-cc test-python ## every test
	@tools/summary.sh

test-cc: setup
	@tools/test_cc.sh

test-python: build
	@tools/test_python.sh

bench: build ## figures beside their peers, as a table and JSON
	@tools/bench.sh

sim: setup ## the simulator: make sim SEEDS=1000 | SEED=7 | MUTANT=no_fence | MUTANT=list
	@SEEDS="$(SEEDS)" SEED="$(SEED)" MUTANT="$(MUTANT)" tools/sim.sh

chaos: build ## random kills -9 of server, executors, scripts, shims under load: make chaos KILLS=100 | SEED=7
	@tools/chaos.sh $(KILLS) $(SEED)

format: ## clang-format and ruff over the tree
	@tools/format.sh

lint: setup ## module dependencies, clang-format, clang-tidy, ruff
	@tools/lint.sh

clean: ## remove what was built here (the shared cache stays)
	@rm -rf build bin
