#!/usr/bin/env python3
"""Starts the node vqa and kills it with SIGKILL, again and again: nothing of it may be left.

    python benchmarks/kill_rounds.py [--rounds 100] [--alone]

In every other round the node is killed while it loads its model, in the others while it answers a question; in every fourth its worker
was stopped (SIGSTOP) before. After each round no process of it may live on; after the last start, its own sweep must have
removed all shared memory of the rounds before. Prints one JSON object: rounds, processes_left, shared_memory_left (names of what
the rounds used and no process uses any more, after the last end), shared_memory_most (files between two rounds), seconds.
With --alone (as root) the rounds have a /dev/shm of their own, in which nobody else's DDS is: then whatever is in it counts.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from glm4v_ros.machine.dds import ports_of, reserve_domain, stay_on_this_machine

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path("/dev/shm")
PORT = "fastrtps_port"
LTTNG = "lttng-ust-wait-"  # of the tracing library that ROS links: one empty page for all processes of the machine, never removed
PATIENCE = 60.0  # s


def start(domain: int) -> subprocess.Popen:
    environment = {
        **os.environ,
        "ROS_DOMAIN_ID": str(domain),
        "FASTRTPS_DEFAULT_PROFILES_FILE": str(ROOT / "config" / "fastdds.xml"),
    }
    words = [sys.executable, "-m", "glm4v_ros.nodes.vqa", "--ros-args", "-p", "warm_rate:=1.0"]
    return subprocess.Popen(words, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)


def wait_for(node: subprocess.Popen, words: str) -> None:
    """Reads the node's log until it says so."""
    for line in node.stderr:
        if words in line:
            return
    raise RuntimeError(f"the node ended with {node.wait()} before it said '{words}'")


def family(pid: int) -> set[int]:
    """The process and all that descend from it."""
    parents = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents[int(entry)] = int(Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def mapped(pids: set[int], domain: int) -> set[str]:
    """Names of the DDS segments and ports that these processes have mapped, but for ports that belong to no domain: any
    other node of the machine may have one of the same number, and leave it."""
    names = set()
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue
        names |= {line.rpartition("/")[2] for line in lines if f" {SHARED}/fastrtps_" in line and "(deleted)" not in line}
    return {name for name in names if not name.startswith(PORT) or int(name.removeprefix(PORT)) in ports_of(domain)}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def run(rounds: int, domain: int, alone: bool) -> dict:
    began, ours, left, most = time.monotonic(), set(), 0, 0
    for number in range(rounds):
        node = start(domain)
        wait_for(node, "loading" if number % 2 else "is loaded")
        if number % 2:
            time.sleep(0.05 * (number % 10))  # another moment of loading each time
        pids = family(node.pid)
        ours |= mapped(pids, domain)
        for pid in pids - {node.pid} if number % 4 == 0 else ():
            os.kill(pid, signal.SIGSTOP)
        node.kill()
        node.wait()
        node.stderr.close()
        end = time.monotonic() + PATIENCE
        while (living := list(filter(alive, pids))) and time.monotonic() < end:
            time.sleep(0.02)
        left += len(living)
        most = max(most, len(os.listdir(SHARED)) if alone else sum((SHARED / name).exists() for name in ours))
        time.sleep(1.1)  # shared_memory.sweep leaves what is younger alone
    node = start(domain)
    wait_for(node, "is loaded")
    ours |= mapped(family(node.pid), domain)
    node.send_signal(signal.SIGINT)
    last_words = node.stderr.read()  # closed, it would be an error to the node that says something yet
    node.stderr.close()
    code = node.wait(PATIENCE)
    if code:
        sys.stderr.write(last_words)
    others = mapped(set(map(int, filter(str.isdigit, os.listdir("/proc")))), domain)
    there = {name for name in os.listdir(SHARED) if not name.startswith(LTTNG)}
    still = sorted(there if alone else (ours - others) & there)
    return {
        "rounds": rounds,
        "processes_left": left,
        "shared_memory_left": still,
        "shared_memory_most": most,
        "last_exit_code": code,
        "seconds": round(time.monotonic() - began, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--alone", action="store_true", help="with a /dev/shm of their own (as root)")
    options = parser.parse_args()
    if options.alone and "GLM4V_ALONE" not in os.environ:
        own = 'mount -t tmpfs glm4v_rounds /dev/shm && exec "$@"'
        os.environ["GLM4V_ALONE"] = "1"
        os.execvp("unshare", ["unshare", "--mount", "sh", "-c", own, "sh", sys.executable, *sys.argv])
    stay_on_this_machine()
    # A domain of its own even where the environment names one: others would still find the nodes that were killed.
    figures = run(options.rounds, reserve_domain(), options.alone)
    print(json.dumps(figures))
    return 0 if not figures["processes_left"] and not figures["shared_memory_left"] else 1


if __name__ == "__main__":
    sys.exit(main())
