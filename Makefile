PYTHON ?= python3
BIN := .venv/bin
PROJECTS := pyproject.toml weights/pyproject.toml $(wildcard plugins/*/pyproject.toml)

.PHONY: help demo test test-all faults lint format bench pictures clean

help:
	@echo "make demo      set up, start the daemon on a new folder, drop clips in, print their verdicts"
	@echo "make test      set up and run the tests (make test-all: the slow ones too)"
	@echo "make faults    set up and do real harm to real daemons: kill, stop, fill, lock (at most 10 minutes)"
	@echo "make lint      ruff and mypy"
	@echo "make bench     measure speed and memory on this machine (about 10 minutes, more on the first run)"
	@echo "make format    let ruff format the code"
	@echo "make pictures  make the pictures of docs/pictures anew (needs Chromium)"
	@echo "make clean     remove .venv and what the demo wrote"

# torch and torchvision are named first and together, so that pip picks versions that fit each other.
.venv/installed: $(PROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv .venv
	@echo "installing (torch is large: some minutes on the first run)"
	$(BIN)/pip install --quiet --disable-pip-version-check "torch>=2.6" "torchvision>=0.21" \
		-e ".[faces,pdf,postgres,web,demo,test,lint]" -e weights -e "plugins/resnext_lstm[train,onnx]" -e "plugins/onnx_classifier[test]" -e "plugins/provenance[test]" -e "plugins/compression[test]"
	@$(BIN)/python -c "import cv2" 2>/dev/null || $(MAKE) --no-print-directory system-libraries
	@touch $@

# opencv-python is built against these; a bare system lacks them.
.PHONY: system-libraries
system-libraries:
	@echo "OpenCV needs the system libraries libgl1, libglib2.0-0 and libxcb1"
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && apt-get install -y -qq libgl1 libglib2.0-0 libxcb1; \
	else echo "install them with your system's package manager, then run make again"; exit 1; fi

# For the tests of pages (a browser) and of PDF (Pango) only; without them these are skipped.
PACKAGES := chromium libpango-1.0-0 libpangoft2-1.0-0
.PHONY: system-packages
system-packages: .venv/installed
	@$(BIN)/python -m tests.system || { \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "installing $(PACKAGES) for the tests of pages and PDF"; \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(PACKAGES) >/dev/null; \
		else false; fi || \
		echo "tests are skipped: run 'apt-get install $(PACKAGES)' as root, or what is its like on your system"; }

demo: .venv/installed
	$(BIN)/python examples/demo.py

test: .venv/installed system-packages
	$(BIN)/python -m pytest -m "not slow"

test-all: .venv/installed system-packages
	$(BIN)/python -m pytest

# Its tests wait most of the time, so three of them run at once.
faults: .venv/installed
	$(BIN)/python -m pytest tests/faults --numprocesses 3 --durations 10

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: .venv/installed
	$(BIN)/ruff check --fix --exit-zero .
	$(BIN)/ruff format .

bench: .venv/installed
	$(BIN)/python -m benchmarks --readme

pictures: .venv/installed
	$(BIN)/python -m examples.pictures

clean:
	rm -rf .venv demo-run
