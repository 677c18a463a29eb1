# make serve: set up and serve http://127.0.0.1:8080/   make test: set up and run all tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.PHONY: help install serve test lint soak check format bench assets students upscaler clean

help:
	@echo "make install   create .venv and install everything"
	@echo "make serve     install, fetch what the animator needs, serve http://127.0.0.1:8080/ (ARGS='--help')"
	@echo "make test      install and run the whole test suite"
	@echo "make lint      ruff and mypy --strict"
	@echo "make check     lint, then the whole test suite"
	@echo "make soak      the long runs, results in out/soak.xml"
	@echo "make bench     the figures, as a table and out/bench.json"
	@echo "make students  distill the shipped characters anew, 35 minutes each on two cores"
	@echo "make upscaler  train the upscaler's networks anew, half an hour each on two cores"
	@echo "make assets    draw the shipped pictures and the sheets in docs/ again from their sources"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("avatar_rtc needs Python 3.11 or newer; run make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[openvino,espeak,dev]'
	@touch $@

serve: install
	$(BIN)/avatar-rtc serve $(ARGS)

test: install
	PYTHONWARNINGS=default $(BIN)/python -m pytest $(ARGS)

soak: install
	@mkdir -p out
	$(BIN)/python -m pytest -m soak --timeout 3600 -o addopts="--import-mode=importlib -v" --junitxml out/soak.xml

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	@mkdir -p out
	$(BIN)/avatar-rtc bench --json out/bench.json

assets: install
	$(BIN)/python assets/drawing/build.py
	$(BIN)/python assets/drawing/fx.py
	$(BIN)/python assets/drawing/backdrops.py
	$(BIN)/python assets/characters/placeholder/draw.py
	$(BIN)/python assets/drawing/presets.py
	$(BIN)/python assets/drawing/door.py

upscaler: install
	$(BIN)/python assets/training/train_upscaler.py --quality low --steps 6000 --out assets/upscaler/anime-low.safetensors
	$(BIN)/python assets/training/train_upscaler.py --quality high --steps 2500 --out assets/upscaler/anime-high.safetensors

students: install
	$(BIN)/avatar-rtc distill liora --out assets/characters/liora/student.safetensors --no-report
	$(BIN)/avatar-rtc distill tavi --out assets/characters/tavi/student.safetensors --no-report

clean:
	rm -rf $(VENV) dist out .pytest_cache .mypy_cache .ruff_cache
