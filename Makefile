# `make` alone says what there is. All of it works with and without privilege, and says what it leaves out and why.
.DEFAULT_GOAL := help
.PHONY: help run test check demo bench lab kernel down clean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, start Thymus in the background, end in the board
	@tools/setup run
	@bin/thymus up

test: ## Run every test that this machine can run (ONLY='kernel src/core': those alone)
	@tools/setup test
	@bin/node test/runner/main.ts $(ONLY)

check: ## Format, lint, types, import law, generated files: the gate, in a few seconds
	@tools/setup check
	@bin/node tools/check.ts

demo: ## The story of Thymus, act by act
	@tools/setup run
	@bin/thymus demo

bench: ## Measure what SPECIFICATION.md promises (NAME=events: that alone)
	@tools/setup bench
	@bin/node bench/main.ts $(or $(NAME),all)

lab: ## Run the tests that need a whole kernel of their own, in a virtual machine
	@tools/setup lab
	@lab/lab test

kernel: ## Build the kernel objects
	@tools/setup kernel

down: ## Undo `make run`: stop Thymus and remove all that it has on this machine
	@bin/thymus down --purge

clean: ## Remove what was built in this folder
	rm -rf kernel/build .cache
