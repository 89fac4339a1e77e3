"""The node killed while it loads, and while it answers: nothing of it is left. benchmarks/kill_rounds.py does more of that."""

import json
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


def test_nothing_is_left_of_a_killed_node():
    words = [sys.executable, str(BENCHMARKS / "kill_rounds.py"), "--rounds", "2"]
    done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=300)
    figures = json.loads(done.stdout.splitlines()[-1])
    assert (figures["processes_left"], figures["shared_memory_left"], figures["last_exit_code"]) == (0, [], 0)
    assert done.returncode == 0
