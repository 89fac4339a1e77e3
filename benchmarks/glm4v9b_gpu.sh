#!/bin/bash
# GLM-4v-9b in its full shape on a GPU, on the machine and with the build that benchmarks/gpu.sh left:
#     benchmarks/glm4v9b_gpu.sh OUT [SECONDS]
# The work runs detached and goes on where it was when it is started again; this script waits for it for SECONDS (540),
# copies the results to OUT and ends with 0 when all is done, 3 while it runs, 1 when a step failed. WORK is gpu.sh's.
# It takes 33 GB of WORK's disk, or 24 GB of it and 19 GB of memory with TMPFS=1 (as root), which is faster.
# OPTIONS=--tiny rehearses it on a CPU.
set -u
out=$1
wait_for=${2:-540}
root=$(cd "$(dirname "$0")/.." && pwd)
work=${WORK:-/tmp/glm4v-benchmark}
mine=$work/glm4v9b
export PYTHONPATH=$work/first:$work/build/python:$work/site PYTHONUNBUFFERED=1
mkdir -p "$mine/out" "$out" && out=$(realpath "$out")

if ! { [ -e "$mine/pid" ] && kill -0 "$(cat "$mine/pid")" 2>/dev/null; }; then
    rm -f "$mine/status"
    if [ "${TMPFS:-}" ] && ! mountpoint -q "$mine/checkpoint"; then
        mkdir -p "$mine/checkpoint" && mount -t tmpfs -o size=24g tmpfs "$mine/checkpoint" || exit 1
    fi
    setsid bash -c '"$@"; echo $? >"$0"' "$mine/status" "${PYTHON:-python3}" "$root/benchmarks/glm4v9b_gpu.py" "$mine" "$mine/out" \
        --llama-bench "$work/build/bin/llama-bench" ${OPTIONS:-} \
        >>"$mine/out/log" 2>&1 </dev/null &
    echo $! >"$mine/pid"
fi
for ((second = 0; second < wait_for; second++)); do
    [ -e "$mine/status" ] && break
    sleep 1
done
cat "$mine/out/log"
for name in results.jsonl table.md log; do
    [ -e "$mine/out/$name" ] && cp "$mine/out/$name" "$out/"
done
[ -e "$mine/status" ] || exit 3
[ "$(cat "$mine/status")" = 0 ]
