# A menu; what each dish is made of stands in scripts/.
.PHONY: help demo run test lint bench

help:
	@echo "make demo   build what is missing and see the whole idea work, in about a minute of run time"
	@echo "make run    the server on 127.0.0.1:4566, its data in .mastic"
	@echo "make test   every test: Rust, then the real clients against the real server"
	@echo "make lint   format, clippy, licences, floors, generated code, documentation"
	@echo "make bench  the measured figures, against their peers"

demo:
	@scripts/demo

run:
	@scripts/run

test:
	@scripts/test

lint:
	@scripts/lint

bench:
	@scripts/bench
