# Each target alone turns a clean clone into a working .venv; what is done already is skipped.
#   make demo     three questions about a picture, through the real node
#   make test     the tests
#   make setup    only .venv; then: source .venv/bin/activate
#   make pythons  the demo, and tests that need no ROS, on the other Pythons; before a release
# GLM4V_CUDA=1 builds llama.cpp for the GPU.

PYTHON ?= python3
RUN = scripts/in_venv

.PHONY: demo test setup pythons clean

demo: setup
	@$(RUN) python scripts/demo.py

test: setup
	@$(RUN) python -m pytest -n 2 --dist loadfile $(PYTEST_ARGS)

setup:
	@$(PYTHON) scripts/setup_venv.py

pythons:
	@scripts/pythons

clean:
	rm -rf .venv build
