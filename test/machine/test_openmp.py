import subprocess
import sys

SCRIPT = """
import os, sys
import numpy as np
from glm4v_ros.catalog.model import Model
from glm4v_ros.engine.config import EngineConfig
from glm4v_ros.llama.language_model import LanguageModel
from glm4v_ros.llama.llama_log import LlamaLog
from glm4v_ros.machine import openmp
model = LanguageModel(EngineConfig(Model("m", sys.argv[1], sys.argv[1]), gpu_layers=0, threads=4), LlamaLog(), lambda _: True)

def threads():
    return len(os.listdir("/proc/self/task"))

def decode():
    model.clear()
    batch = model.new_batch()
    batch.add_tokens(np.arange(100, 164), 0, 0, 1)
    model.decode(batch)
    return model.logits(63).argmax()

before = threads()
first = decode()
assert threads() == before + 3, threads()
openmp.end_threads()
assert threads() == before, threads()
assert decode() == first and threads() == before + 3
"""


def test_threads_end_and_come_again(nano):
    done = subprocess.run([sys.executable, "-c", SCRIPT, nano.text_path], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
