"""The parts of benchmarks/soak.py; asker and camera run as processes of their own."""
