# `make run` and `make test` need nothing but a Rust toolchain; Postgres is installed when it is missing.

.DEFAULT_GOAL := help
.PHONY: help run test test-clients test-console check bench bench-compare bench-peers

# The programs of Postgres come first in PATH, for the service and for the tests.
WITH_POSTGRES = bin="$$(scripts/find_postgres)" && PATH="$$bin:$$PATH"
# SERVICE is another binary than the one built here; what BENCH_KEEP names keeps what is seeded for minutes.
BENCH = QUICK=$(QUICK) ONLY=$(ONLY) SERVICE=$(SERVICE) BENCH_KEEP=$(BENCH_KEEP)
SNAPSHOTS_USED = $(CURDIR)/target/snapshots-used

help:
	@echo "make run     build and serve on 127.0.0.1:8080; ARGS=\"--listen …\" adds flags"
	@echo "make test    every test, and that every snapshot is used by one"
	@echo "make test-clients   the description of the API against a linter, generated clients and Schemathesis; part of test"
	@echo "make test-console   the console in Chromium, driven by Playwright; ONLY=words of scenarios; part of test"
	@echo "make check   formatting and lints"
	@echo "make bench   figures against their targets, in half an hour; QUICK=1 in minutes, ONLY=write,read a part of it"
	@echo "make bench-compare   this build against the one whose binary BASE names, in turns; ONLY, QUICK as above"
	@echo "make bench-peers   the same beside other event stores; needs node and npm"

run:
	$(WITH_POSTGRES) cargo run --release --locked -- serve $(ARGS)

test:
	@mkdir -p target && rm -f $(SNAPSHOTS_USED)
	haproxy="$$(scripts/find_haproxy)" && export HAPROXY="$$haproxy" && \
	$(WITH_POSTGRES) INSTA_SNAPSHOT_REFERENCES_FILE=$(SNAPSHOTS_USED) cargo test --locked
	@scripts/unused_snapshots $(SNAPSHOTS_USED)
	@$(MAKE) --no-print-directory test-clients
	@$(MAKE) --no-print-directory test-console

test-clients:
	$(WITH_POSTGRES) cargo test --locked --no-run
	$(WITH_POSTGRES) tests/clients/run

test-console:
	$(WITH_POSTGRES) cargo test --locked --no-run
	$(WITH_POSTGRES) tests/console/run $(ONLY)

check:
	cargo fmt --all --check
	cargo clippy --all-targets --locked -- -D warnings
	cargo check --locked --features otlp

bench:
	$(WITH_POSTGRES) $(BENCH) cargo bench --locked --bench registry

bench-compare:
	$(WITH_POSTGRES) BASE=$(BASE) $(BENCH) cargo bench --locked --bench registry -- compare

bench-peers:
	npm ci --silent --no-audit --no-fund --prefix benches/peers/emmett
	npm ci --silent --no-audit --no-fund --prefix benches/peers/message-db
	cargo build --release --locked --manifest-path benches/peers/cqrs-es/Cargo.toml --target-dir target/peers
	$(WITH_POSTGRES) $(BENCH) cargo bench --locked --bench registry -- peers
