#!/bin/sh
# What the server's image has in /opt/glm4v. "llama": what the package needs, with llama.cpp for any processor of this kind;
# "package": the package itself, without
# the embedded model: models are a volume.
set -eu
PIP="/opt/glm4v/bin/pip --disable-pip-version-check"
case "$1" in
llama)
    python3 -m venv /opt/glm4v
    if ! ls wheels/llama_cpp_python-*.whl > /dev/null 2>&1; then
        flags="-DGGML_NATIVE=OFF"
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
    # llama-cpp-python's wheel has its libraries twice, and OpenCV's has models that nobody here asks.
    (cd /opt/glm4v/lib/python3*/site-packages && rm -rf lib include bin cv2/data)
    # A wheel knows no links, so that each library is there under three names.
    cd /opt/glm4v/lib/python3*/site-packages/llama_cpp/lib
    for real in *.so.*.*; do
        for name in "${real%.*.*}" "${real%%.so*}.so"; do
            [ "$name" = "$real" ] || ln -sf "$real" "$name"
        done
    done
    find /opt/glm4v \( -name __pycache__ -o -name tests \) -type d -prune -exec rm -rf {} +
    find /opt/glm4v -path '*llama_cpp*' \( -name '*.a' -o -path '*/include/*' \) -delete
    ;;
esac
