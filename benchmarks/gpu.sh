#!/bin/bash
# Everything that needs a GPU, in one go, on a machine without network or ROS:
#     benchmarks/gpu.sh BUNDLE OUT [SECONDS]
# BUNDLE is what benchmarks/gpu_bundle.py made: sources and wheels. The work runs detached and goes on where it was when it is
# started again; this script waits for it for SECONDS (540), copies what there is to OUT and ends with 0 when all is
# done, 3 while it runs, 1 when it failed. WORK says where it builds. CUDA=90-real SHAPE=9b FRAME=1120x840 describe the run;
# CUDA= SHAPE=tiny FRAME=448x336 rehearses it on a CPU. BUILD_WITH is put before the builds: where CUDA_VISIBLE_DEVICES and
# taskset give this script a part of a machine, "taskset -c 0-31" lets it build on more.
set -u
bundle=$(realpath "$1")
out=$2
wait_for=${3:-540}
root=$(cd "$(dirname "$0")/.." && pwd)
work=${WORK:-/tmp/glm4v-benchmark}
export CUDA=${CUDA-90-real} SHAPE=${SHAPE:-9b} FRAME=${FRAME:-1120x840} PYTHON=${PYTHON:-python3}
export PATH=$PATH:/usr/local/cuda/bin PYTHONUNBUFFERED=1 HF_HUB_OFFLINE=1
mkdir -p "$work/out" "$out" && out=$(realpath "$out")

run_all() {
    cd "$root" || return
    local build=$work/build site=$work/site
    step wheels "$PYTHON" -m pip install -q --no-index --no-deps --no-cache-dir --upgrade --target "$site" "$bundle"/wheels/*.whl || return
    # A compiler other than the system's may bring a C++ runtime that does not get on with NumPy's, unless llama.cpp is loaded first,
    # nor with PyTorch's at all.
    [ -x /usr/bin/g++ ] && export CC=/usr/bin/gcc CXX=/usr/bin/g++ CUDAHOSTCXX=/usr/bin/g++
    mkdir -p "$work/first"
    cat >"$work/first/sitecustomize.py" <<'END'
import contextlib, os
if "WITHOUT_LLAMA" not in os.environ:
    with contextlib.suppress(ImportError):
        import llama_cpp
END
    export PYTHONPATH=$work/first:$build/python:$site
    { step model "$PYTHON" benchmarks/random_model.py "$work/model" --shape "$SHAPE" &&
        step f16 "$PYTHON" benchmarks/random_model.py "$work/model" --shape "$SHAPE" --tower F16; } &
    local drawing=$! cuda=()
    [ -n "$CUDA" ] && cuda=(--cuda "$CUDA")
    built build "$build" || return
    wait "$drawing" || return
    local layers=-1
    [ -n "$CUDA" ] || layers=0
    step greedy "$PYTHON" benchmarks/greedy_check.py --text "$work/model/text.gguf" --gpu-layers "$layers" || true
    step towers timeout 120 "$PYTHON" benchmarks/towers.py --text "$work/model/text.gguf" --vision "$work/model/vision.gguf" \
        --size "$FRAME" --gpu-layers "$layers" || true
    step peers "$PYTHON" benchmarks/peers.py "$build" "$work/out" --text "$work/model/text.gguf" \
        --vision "$work/model/vision.gguf" --size "$FRAME" --gpu-layers "$layers" ${PEERS_OPTIONS:-} || return
    alone default-2 vision.gguf 512 && alone default-3 vision.gguf 512 || return
    # The same with whole images through cuBLAS and the tower's weights at F16: that build takes the place of the one before.
    [ -n "$CUDA" ] && cuda+=(--cublas)
    built cublas "$build" || return
    alone cublas-1 vision-f16.gguf 1280 && alone cublas-2 vision-f16.gguf 1280 && alone cublas-3 vision-f16.gguf 1280 || return
    step bench "$PYTHON" -m glm4v_ros.cli.main bench --json --text "$work/model/text.gguf" \
        --vision "$work/model/vision-f16.gguf" --size "$FRAME" --gpu-layers "$layers" --context 32768
}

# llama.cpp in a folder, with the options in ``cuda``. Where the driver's library is not found at build time, CUDA's virtual memory
# cannot be used.
built() {
    step "$1" ${BUILD_WITH:-} "$PYTHON" benchmarks/build_peers.py "$2" --source "$bundle/llama.tar.xz" "${cuda[@]}" ||
        step "$1" ${BUILD_WITH:-} "$PYTHON" benchmarks/build_peers.py "$2" --source "$bundle/llama.tar.xz" "${cuda[@]}" --option=-DGGML_CUDA_NO_VMM=ON
}

# What one asker sees, with the tower and ubatch given.
alone() {
    local layers=-1
    [ -n "$CUDA" ] || layers=0
    step "$1" "$PYTHON" benchmarks/peers.py "$work/build" "$work/out/$1" --alone --text "$work/model/text.gguf" \
        --vision "$work/model/$2" --size "$FRAME" --gpu-layers "$layers" --ubatch "$3" ${PEERS_OPTIONS:-} &&
        cp "$work/out/$1/results.jsonl" "$work/out/$1.jsonl"
}

# Runs a command unless it was done, with its output in a log of its own.
step() {
    local name=$1
    shift
    [ -e "$work/$name.done" ] && return
    echo "$(date +%T) $name"
    if "$@" >>"$work/out/$name.log" 2>&1; then
        echo "$(date +%T) $name done"
        touch "$work/$name.done"
    else
        echo "$(date +%T) $name FAILED"
        tail -n 30 "$work/out/$name.log"
        return 1
    fi
}

if [ "${DETACHED:-}" ]; then
    run_all
    echo $? >"$work/status"
    exit
fi
if ! { [ -e "$work/pid" ] && kill -0 "$(cat "$work/pid")" 2>/dev/null; }; then
    rm -f "$work/status"
    DETACHED=1 setsid "$0" "$bundle" "$out" >>"$work/out/gpu.log" 2>&1 </dev/null &
    echo $! >"$work/pid"
fi
for ((second = 0; second < wait_for; second++)); do
    [ -e "$work/status" ] && break
    sleep 1
done
cat "$work/out/gpu.log"
for log in "$work"/out/*.log; do # few and small files are what comes back
    tail -c 300000 "$log" >"$work/out/.tail" && mv "$work/out/.tail" "$work/out/$(basename "$log" .log).tail"
done
(cd "$work/out" && tar czf "$out/logs.tar.gz" ./*.tail && rm -f ./*.tail)
(cd "$work/out" && ls ./*.jsonl >/dev/null 2>&1 && tar czf "$out/results.tar.gz" ./*.jsonl)
for name in results.jsonl table.md peers.json peers.svg; do
    [ -e "$work/out/$name" ] && cp "$work/out/$name" "$out/"
done
if [ -e "$work/status" ]; then
    [ "$(cat "$work/status")" = 0 ] && { [ -e "$out/table.md" ] && cat "$out/table.md"; exit 0; }
    exit 1
fi
exit 3
