#!/usr/bin/env python3
"""Instructions that an emulated Cortex-A76 executes for a picture and for text: with llama.cpp's own kernels, and with KleidiAI's.

    scripts/check_arm64 DIRECTORY wheel
    benchmarks/arm64_instructions.py DIRECTORY [--kleidiai SOURCE]

SOURCE is a checkout of KleidiAI at the version that llama.cpp's ggml-cpu/CMakeLists.txt names. An emulator has no times, but it
executes what the processor would. Needs gcc and Debian's qemu-user, whose plugins count; one thread. Each figure is the
difference between a run with one such work and a run with two.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = "-DBUILD_SHARED_LIBS=ON -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=OFF -DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod+fp16 -DLLAMA_OPENSSL=OFF"
# qemu's interface for plugins, as far as it is used here (version 1).
PLUGIN = r"""
#include <stdint.h>
#include <stdio.h>
#include <string.h>
struct block; struct instruction;
int qemu_plugin_version = 1;
void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t, void (*)(uint64_t, struct block *));
void qemu_plugin_register_vcpu_tb_exec_inline(struct block *, int add, uint64_t *, uint64_t);
void qemu_plugin_register_atexit_cb(uint64_t, void (*)(uint64_t, void *), void *);
size_t qemu_plugin_tb_n_insns(const struct block *);
struct instruction *qemu_plugin_tb_get_insn(const struct block *, size_t);
const void *qemu_plugin_insn_data(const struct instruction *);
static uint64_t all, dots;

static void translated(uint64_t id, struct block *block) {
  size_t count = qemu_plugin_tb_n_insns(block), of_dots = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t word;
    memcpy(&word, qemu_plugin_insn_data(qemu_plugin_tb_get_insn(block, i)), 4);
    /* SDOT and UDOT, by vector and by element */
    of_dots += (word & 0x9fe0fc00) == 0x0e809400 || (word & 0x9fc0f400) == 0x0f80e000;
  }
  qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &all, count);
  qemu_plugin_register_vcpu_tb_exec_inline(block, 0, &dots, of_dots);
}
static void ended(uint64_t id, void *nothing) { fprintf(stderr, "counted %lu %lu\n", all, dots); }
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv) {
  qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
  qemu_plugin_register_atexit_cb(id, ended, 0);
  return 0;
}
"""
WORK = """
import os, sys
import llama_cpp, numpy
from glm4v_ros.vision.frame import Frame
from glm4v_ros.vision.mtmd_tower import MtmdTower

text, vision, kind, times = sys.argv[1:]
model = llama_cpp.llama_model_load_from_file(os.fsencode(text), llama_cpp.llama_model_default_params())
if kind == "picture":
    tower = MtmdTower(vision, model, mrope=True, threads=1)
    tower.load()
    rgb = numpy.random.default_rng(0).integers(0, 255, (224, 224, 3), dtype=numpy.uint8)
    for _ in range(int(times)):
        tower.encode(Frame(rgb))
else:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_threads, params.n_threads_batch = 512, 1, 1
    context = llama_cpp.llama_init_from_model(model, params)
    count = int(kind)
    for _ in range(int(times)):
        tokens = (llama_cpp.llama_token * count)(*range(300, 300 + count))
        assert llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(tokens, count)) == 0
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--kleidiai", type=Path, metavar="SOURCE")
    args = parser.parse_args()
    scratch = args.directory.resolve() / "instructions"
    scratch.mkdir(exist_ok=True)
    (scratch / "count.c").write_text(PLUGIN)
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", scratch / "count.so", scratch / "count.c"], check=True)
    kernels = {"llama.cpp": None}
    if args.kleidiai:
        kernels["KleidiAI"] = with_kleidiai(args.directory.resolve(), scratch, args.kleidiai.resolve())
    for kind, name in (("picture", "a picture of 224x224 (Q8_0)"), ("64", "64 tokens of a prompt (Q4_K_M)"), ("1", "a token of an answer")):
        for kernel, library in kernels.items():
            one, two = (counted(args.directory.resolve(), scratch, library, kind, times) for times in (1, 2))
            total, dots = two[0] - one[0], two[1] - one[1]
            print(f"{name}, {kernel}: {total / 1e6:.1f} million instructions, {dots / 1e6:.2f} million of them dot products", flush=True)


def with_kleidiai(directory: Path, scratch: Path, source: Path) -> Path:
    """The library libggml-cpu with its kernels."""
    built = scratch / "build" / "bin" / "libggml-cpu.so.0"
    if not built.exists():
        requirement = ["--no-binary", "llama-cpp-python", "-r", ROOT / "requirements" / "llama.txt"]
        subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", scratch, *requirement], check=True)
        tarfile.open(next(scratch.glob("*.tar.gz"))).extractall(scratch, filter="data")
        llama = next(scratch.glob("llama_cpp_python-*/vendor/llama.cpp"))
        # GCC 12's vectoriser breaks down at one of its files in C; the kernels are intrinsics and assembly.
        subprocess.run(["cmake", "-G", "Ninja", "-S", llama, "-B", scratch / "build", *FLAGS.split(), "-DGGML_CPU_KLEIDIAI=ON",
                        "-DCMAKE_C_FLAGS=-fno-tree-vectorize",
                        f"-DCMAKE_TOOLCHAIN_FILE={directory / 'toolchain.cmake'}",
                        f"-DFETCHCONTENT_SOURCE_DIR_KLEIDIAI={source}"], check=True)  # fmt: skip
        subprocess.run(["cmake", "--build", scratch / "build", "--target", "ggml-cpu"], check=True)
    return built


def counted(directory: Path, scratch: Path, library: Path | None, kind: str, times: int) -> tuple[int, int]:
    """All instructions of a process, and its dot products."""
    root, model = directory / "root", ROOT / "models" / "glm4v-nano"
    environment = {**os.environ, "PYTHONPATH": str(root / "opt" / "site"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    preload = ["-E", f"LD_PRELOAD={library}"] if library else []
    python = next((root / "usr" / "bin").glob("python3.[0-9]*"))
    told = subprocess.run(
        ["qemu-aarch64", "-L", root, "-cpu", "cortex-a76", "-plugin", scratch / "count.so", *preload, python, "-c", WORK,
         model / "glm4v-nano-text-q4_k_m.gguf", model / "glm4v-nano-vision-q8_0.gguf", kind, str(times)],
        env=environment, capture_output=True, text=True)  # fmt: skip
    found = re.search(r"counted (\d+) (\d+)", told.stderr)
    if told.returncode or not found:
        sys.exit(told.stderr)
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    main()
