#!/bin/sh
# What the images are built by. "flags": of llama.cpp for processors other than the one that builds it: x86-64 with AVX2, ARM64 with
# dot products (Orin, Raspberry Pi 5, Ampere, Graviton 2 and later). For the server, whose /opt/glm4v it fills: "llama", what the
# package needs; "package", the package itself without the embedded model: models are a volume.
set -eu
PIP="/opt/glm4v/bin/pip --disable-pip-version-check"
flags="-DGGML_NATIVE=OFF"
[ "$(uname -m)" != aarch64 ] || flags="$flags -DGGML_CPU_ARM_ARCH=armv8.2-a+dotprod+fp16"
case "$1" in
flags)
    echo "$flags"
    ;;
llama)
    python3 -m venv /opt/glm4v
    if ! ls wheels/llama_cpp_python-*.whl > /dev/null 2>&1; then
        [ "$GLM4V_CUDA" = 0 ] || flags="$flags -DGGML_CUDA=ON"
        CMAKE_ARGS="$flags" $PIP wheel --no-deps --require-hashes -w wheels -r requirements/llama.txt
    fi
    # With the versions that the tests run with, and of them what the server needs.
    grep -hE '^(numpy|opencv-python-headless|pillow|simplejpeg|pyyaml|jinja2|jsonschema|huggingface_hub|starlette|uvicorn|h11|prometheus-client|segno)=' \
        requirements/python.txt requirements/serve.txt > needed.txt
    $PIP install --no-cache-dir -r needed.txt diskcache typing_extensions
    $PIP install --no-cache-dir --no-deps wheels/llama_cpp_python-*.whl
    ;;
package)
    $PIP install --no-cache-dir "setuptools<80" wheel
    $PIP install --no-cache-dir --no-deps --no-build-isolation .
    $PIP uninstall -y setuptools wheel hf-xet pip
    # llama-cpp-python's wheel has its libraries twice, OpenCV's has models that nobody here asks, NumPy's what extensions are built with.
    (cd /opt/glm4v/lib/python3*/site-packages && rm -rf lib include bin cv2/data numpy/_core/include numpy/_core/lib)
    # A wheel knows no links, so that each library is there under three names.
    cd /opt/glm4v/lib/python3*/site-packages/llama_cpp/lib
    for real in *.so.*.*; do
        for name in "${real%.*.*}" "${real%%.so*}.so"; do
            [ "$name" = "$real" ] || ln -sf "$real" "$name"
        done
    done
    find /opt/glm4v \( -name __pycache__ -o -name tests \) -type d -prune -exec rm -rf {} +
    find /opt/glm4v -name '*.pyi' -delete
    find /opt/glm4v -path '*llama_cpp*' \( -name '*.a' -o -path '*/include/*' \) -delete
    ;;
esac
