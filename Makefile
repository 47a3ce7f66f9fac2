# make drive   sets up on the first run, then drives the embedded world        make test   sets up, then all tests
# ARGS="..." is handed on: make drive ARGS="--help", make test ARGS="-k guard"

SHELL := /bin/sh
AUTOMOT := .venv/bin/automot
PYTHON_V := .venv/bin/python
READY := .venv/.ready
# The ROS 2 wheels leave this mark in the environment of every child; .venv must find its own libraries.
unexport _ROS_WHEELS_BOOTSTRAP_COMPLETE
unexport PYTHONPATH

.PHONY: drive test faults fuzz unit guard-coverage mutants lint docs nano setup doctor clean
.DEFAULT_GOAL := help

help:
	@echo "make drive | test | faults | fuzz | unit | guard-coverage | mutants | lint | docs | nano | setup | doctor | clean"

drive: $(READY)
	@$(AUTOMOT) drive $(ARGS)

test: $(READY)
	@$(PYTHON_V) -m pytest $(ARGS)

# Every fault on a driving car, one after the other; an interrupted run goes on where it stopped.
faults: $(READY)
	@$(AUTOMOT) faults $(ARGS)

# 100 000 inputs that nobody would send, to every reader and callback: see docs/fuzzing.md.
fuzz: $(READY)
	@cd test/fuzz && $(CURDIR)/$(PYTHON_V) -m fuzzing $(ARGS)

unit: $(READY)
	@$(PYTHON_V) -m pytest test/unit test/test_layers.py $(ARGS)

# Lines and branches of the guard that its own tests reach: fails below 100 %.
guard-coverage: $(READY)
	@mkdir -p build
	@$(PYTHON_V) -m coverage run -m pytest -q test/unit/guard test/unit/vehicle $(ARGS)
	@$(PYTHON_V) -m coverage report

# The guard with one small mistake at a time: the share that its tests notice. About half an hour on one core.
mutants: $(READY)
	@OMP_NUM_THREADS=1 $(PYTHON_V) -m mutmut run $(ARGS)
	@$(PYTHON_V) .ci/mutation_score.py

lint: $(READY)
	@failed=0; $(PYTHON_V) -m ruff check . || failed=1; $(PYTHON_V) -m mypy || failed=1; exit $$failed

# Trains the shipped model again from nothing: hours on a CPU; an interrupted run goes on where it stopped.
nano: $(READY)
	@$(AUTOMOT) train nano $(ARGS)

# The documentation as a site in build/site; fails on a broken link.
docs: $(READY)
	@$(PYTHON_V) -c "import mkdocs, material" 2>/dev/null || $(PYTHON_V) -m pip install -q -c constraints.txt mkdocs-material
	@$(PYTHON_V) -m mkdocs build -q
	@echo "build/site/index.html"

doctor: $(READY)
	@$(AUTOMOT) doctor

setup: $(READY)

# Sources are linked, so only a change of the messages or of the dependencies needs another installation.
$(READY): setup.py pyproject.toml constraints.txt package.xml CMakeLists.txt .ci/setup.sh .ci/link_sources.py \
          $(wildcard cmake/*) $(wildcard msg/*.msg) $(wildcard interfaces/*/*.*) $(wildcard interfaces/*/msg/*.msg)
	@.ci/setup.sh
	@touch $@

# build/nano, hours of training, stays.
clean:
	rm -rf .venv build/lib* build/bdist* build/temp* install log setup.log src/*.egg-info
	rm -rf .pytest_cache .mypy_cache .ruff_cache mutants
	find src test -name __pycache__ -type d -prune -exec rm -rf {} +
