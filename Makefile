# make serve: set up and serve http://127.0.0.1:8080/   make test: set up and run all tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
OTHERS := $(VENV)/.others
PYTEST := PYTHONWARNINGS=default $(BIN)/python -m pytest
ARGS ?=
TORCH ?=
RUNS ?= 10
LOAD ?= 4

.PHONY: help install serve test lint style ruff types types-of-tests layers soak flakes check format bench assets shows students upscaler clean

help:
	@echo "make install   create .venv and install everything (TORCH=cpu: PyTorch without CUDA, 4 GB less)"
	@echo "make serve     install, fetch what the animator needs, serve http://127.0.0.1:8080/ (ARGS='--help')"
	@echo "make test      install and run the whole test suite (COVERAGE=1 measures its coverage, ARGS='tests/link -x': those alone)"
	@echo "make lint      style, ruff, types, types-of-tests and layers, each also a target of its own"
	@echo "make check     those and the tests: what a change must pass, with a verdict for each"
	@echo "make soak      the long runs, results in out/soak.xml"
	@echo "make flakes    the suite again and again on a busy machine (RUNS=10 LOAD=4), and which tests failed"
	@echo "make bench     the figures, as a table and out/bench.json"
	@echo "make students  distill the shipped characters anew, 90 minutes each on two cores"
	@echo "make upscaler  train the upscaler's networks anew, half an hour each on two cores"
	@echo "make assets    draw the shipped pictures and the sheets in docs/ again from their sources"
	@echo "make shows     HD beside 512 px (docs/hd.png), and the first two minutes of a stranger (docs/at_once.mp4); wants two idle cores"

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("avatar_rtc needs Python 3.11 or newer; run make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(if $(TORCH),$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt --no-deps \
		--index-url https://download.pytorch.org/whl/$(TORCH) torch)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[openvino,espeak,natural,dev]'
	@touch $@

# Programs of others that the tests let meet the server; who only serves needs none of them.
$(OTHERS): $(STAMP)
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[others]'
	@touch $@

serve: install
	$(BIN)/avatar-rtc serve $(ARGS)

# Where they are: pytest need not read the 550 other files to find that none of their tests is one.
ALONE = $(sort $(shell grep -rlE 'mark\.(realtime|browser)' tests --include='test_*.py' --exclude-dir=soak))

# Browsers, which draw on the processor, and tests that measure time come last, and alone. A file stays in one process,
# for its tests share servers; by file, for of groups pytest-xdist 3.8 and pytest 9.2 know nothing together.
test: install $(OTHERS)
ifeq ($(strip $(ARGS)),)
	failed=0; \
	$(PYTEST) -n auto --dist loadfile -m "not soak and not realtime and not browser" $(if $(COVERAGE),--cov --cov-report= --cov-fail-under=0) || failed=1; \
	$(PYTEST) $(ALONE) -m "not soak and (realtime or browser)" $(if $(COVERAGE),--cov --cov-append) || failed=1; \
	exit $$failed
else
	$(PYTEST) $(ARGS)
endif

flakes: install
	@mkdir -p out
	$(BIN)/python tests/soak/flakes.py --runs $(RUNS) --load $(LOAD)

soak: install
	@mkdir -p out
	$(BIN)/python -m pytest -m soak --timeout 3600 -o addopts="--import-mode=importlib -v" --junitxml out/soak.xml

style: install
	$(BIN)/ruff format --check .

ruff: install
	$(BIN)/ruff check .

types: install $(OTHERS)
	$(BIN)/mypy

types-of-tests: install $(OTHERS)
	$(BIN)/mypy -p tests --implicit-reexport --cache-dir .mypy_cache/tests

layers: install
	$(PYTEST) tests/test_layers.py

lint: style ruff types types-of-tests layers

# One that fails does not hide the others.
check: install
	@verdict=""; failed=0; \
	for each in style ruff types types-of-tests layers test; do \
		echo "== $$each"; \
		if $(MAKE) --no-print-directory $$each COVERAGE=1; then word=ok; else word=FAILED; failed=1; fi; \
		verdict="$$verdict$$word $$each\n"; \
	done; \
	printf "\n$$verdict"; exit $$failed

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: install
	@mkdir -p out
	$(BIN)/avatar-rtc bench --json out/bench.json

assets: install
	$(BIN)/python assets/drawing/build.py
	$(BIN)/python assets/training/rebind.py liora tavi
	$(BIN)/python assets/drawing/fx.py
	$(BIN)/python assets/drawing/backdrops.py
	$(BIN)/python assets/characters/placeholder/draw.py
	$(BIN)/python assets/drawing/presets.py
	$(BIN)/python assets/drawing/door.py
	$(BIN)/python assets/drawing/stage.py
	$(BIN)/python assets/drawing/clips.py

shows: install
	$(BIN)/python assets/drawing/hd.py
	$(BIN)/python assets/drawing/at_once.py

upscaler: install
	$(BIN)/python assets/training/train_upscaler.py --quality low --steps 6000 --out assets/upscaler/anime-low.safetensors
	$(BIN)/python assets/training/train_upscaler.py --quality high --steps 2500 --out assets/upscaler/anime-high.safetensors

students: install
	$(BIN)/avatar-rtc distill liora --quality best --out assets/characters/liora/student.safetensors --no-report
	$(BIN)/avatar-rtc distill tavi --quality best --out assets/characters/tavi/student.safetensors --no-report

clean:
	rm -rf $(VENV) dist out .pytest_cache .mypy_cache .ruff_cache
