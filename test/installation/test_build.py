"""The package built and installed as on a robot: by CMake as colcon calls it, beside apt's packages."""

import contextlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from apt_ros import AptRos

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "test" / "data" / "nameplate.png"
QUESTION, ANSWER = "What is the serial number?", "57F77A0C"
#: Prints where each module that is named comes from, after all modules below the packages in argv were imported.
IMPORT_ALL = """
import importlib, pkgutil, sys
import glm4v_ros
from glm4v_ros.vendor import prefer_vendor

vendor, packages, shown = sys.argv[1] == "vendor", sys.argv[2].split(","), sys.argv[3].split(",")
if vendor:
    prefer_vendor()
for package in packages:
    module = importlib.import_module(package)
    for found in pkgutil.walk_packages(getattr(module, "__path__", ()), package + "."):
        importlib.import_module(found.name)
for name in shown:
    print(name, importlib.import_module(name).__file__)
"""
#: Asks the node about the picture in argv and prints the answer.
ASK = """
import sys
from sensor_msgs.msg import CompressedImage
from glm4v_ros.client import VqaClient

picture = CompressedImage(format="png", data=open(sys.argv[1], "rb").read())
with VqaClient() as client:
    print(client.start(sys.argv[2], images=[picture]).result().text)
"""


@pytest.fixture(scope="module")
def ros(tmp_path_factory) -> AptRos:
    return AptRos(tmp_path_factory.mktemp("apt") / "usr")


@pytest.fixture(scope="module")
def wheels(ros, tmp_path_factory) -> Path:
    """What an integrator brings to a robot without network."""
    folder = tmp_path_factory.mktemp("wheels")
    done = ros.run(ros.python, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:", "--require-hashes",
                   *(word for part in ("", "-reader", "-remote")
                     for word in ("-r", ROOT / "requirements" / f"vendor{part}.txt")), "-d", folder)  # fmt: skip
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="module")
def build(ros, wheels, tmp_path_factory):
    """Builds and installs into a prefix, without network; the second time in the same build directory."""
    directory = tmp_path_factory.mktemp("build") / "glm4v_ros"

    def run(prefix: Path, *options: str) -> str:
        told = ""
        for command in (
            ["cmake", "-S", ROOT, "-B", directory, "-G", "Ninja", "-DBUILD_TESTING=OFF", "-DGLM4V_REMOTE=ON",
             f"-DCMAKE_INSTALL_PREFIX={prefix}", f"-DPython3_EXECUTABLE={ros.python}", *options],
            ["cmake", "--build", directory],
            ["cmake", "--install", directory],
        ):  # fmt: skip
            done = ros.run(*command, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
            told += done.stdout
            assert done.returncode == 0, told[-6000:]
        return told

    run.directory = directory
    return run


@pytest.fixture(scope="module")
def prefix(build, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("install") / "glm4v_ros"
    build(folder)
    return folder


@pytest.fixture
def linked(build, prefix, tmp_path) -> tuple[Path, str]:
    """The same with --symlink-install, and what its build said."""
    shutil.rmtree(build.directory / "ament_cmake_python")  # a folder where ament now wants a link
    return tmp_path, build(tmp_path, "-DAMENT_CMAKE_SYMLINK_INSTALL=1")


def test_plain_pip_is_refused(ros):
    """The stand-in is worth something."""
    done = ros.run(ros.python, "-m", "pip", "install", "six")
    assert done.returncode and "externally-managed-environment" in done.stdout


def test_all_modules_come_from_the_prefix_and_what_is_apts_from_apt(ros, prefix):
    done = ros.run(ros.python, "-c", IMPORT_ALL, "vendor", "glm4v_ros",
                   "glm4v_ros,glm4v_ros.msg,numpy,cv2,PIL,yaml,jsonschema,llama_cpp,gguf,typing_extensions,rapidocr,onnxruntime,openai",
                   prefixes=(prefix,))  # fmt: skip
    assert done.returncode == 0, done.stdout
    places = dict(line.split() for line in done.stdout.splitlines())
    vendor = prefix / "lib" / "glm4v_ros" / "vendor"
    for name in ("llama_cpp", "gguf", "typing_extensions", "rapidocr", "onnxruntime", "openai"):
        assert vendor in Path(places[name]).parents
    for name in ("numpy", "cv2", "PIL", "yaml", "jsonschema"):
        assert ros.site_packages in Path(places[name]).parents
    for name in ("glm4v_ros", "glm4v_ros.msg"):
        assert prefix in Path(places[name]).parents and vendor not in Path(places[name]).parents


def test_nodes_do_without_what_the_build_brought(ros, prefix):
    """So that nothing of apt's is shadowed in a process that others may share."""
    script = IMPORT_ALL + "print('path', *[path for path in sys.path if 'vendor' in path])\nimport llama_cpp"
    done = ros.run(ros.python, "-u", "-c", script,
                   "plain", "glm4v_ros.nodes,glm4v_ros.behaviours,glm4v_ros.client", "typing_extensions",
                   prefixes=(prefix,))  # fmt: skip
    origin, path, *_, error = done.stdout.splitlines()
    assert str(ros.site_packages) in origin
    assert path == "path"
    assert error == "ModuleNotFoundError: No module named 'llama_cpp'"


def test_command_line(ros, prefix):
    done = ros.run("glm4v", "ask", PICTURE, QUESTION, prefixes=(prefix,))
    assert done.stdout.strip() == ANSWER


def test_second_reader(ros, prefix):
    """It loads beside apt's NumPy and OpenCV, none of which the build brought."""
    done = ros.run("glm4v", "ask", PICTURE, QUESTION, "--verify", "auto", "--json", prefixes=(prefix,))
    told = json.loads(done.stdout)
    assert (told["answer"], told["verification"], told["evidence"][0]["text"]) == (ANSWER, "confirmed", ANSWER), done.stdout
    brought = {path.name.split("-")[0].lower() for path in (prefix / "lib" / "glm4v_ros" / "vendor").glob("*.dist-info")}
    assert "onnxruntime" in brought
    assert not brought & {"numpy", "opencv_python", "opencv_python_headless", "pillow", "pyyaml", "sympy"}


def test_voice(ros, prefix, tmp_path):
    done = ros.run("glm4v", "say", "Hello", "--wav", tmp_path / "hello.wav", prefixes=(prefix,))
    assert done.returncode == 0, done.stdout
    assert (tmp_path / "hello.wav").stat().st_size > 10_000


def test_node_as_ros2_run_starts_it(ros, prefix):
    with running(ros, prefix, prefix / "lib" / "glm4v_ros" / "vqa"):
        done = ros.run(ros.python, "-c", ASK, PICTURE, QUESTION, prefixes=(prefix,))
    assert done.stdout.strip() == ANSWER


def test_a_gpu_build_that_came_out_for_the_cpu_is_refused(ros, prefix):
    script = "import sys, vendor; vendor.check(vendor.Path(sys.argv[1]), sys.argv[2])"

    def check(flags: str):
        folder = prefix / "lib" / "glm4v_ros" / "vendor"
        return ros.run(ros.python, "-c", script, folder, flags, PYTHONPATH=str(ROOT / "scripts"))

    assert check("").returncode == 0
    done = check("-DGGML_CUDA=ON -DCMAKE_CUDA_ARCHITECTURES=87")
    assert done.returncode and "came out for the CPU only" in done.stdout


def test_an_update_leaves_nothing_of_the_old_packages(ros, build, prefix):
    vendor = prefix / "lib" / "glm4v_ros" / "vendor"
    (vendor / "stamp").write_text("of an older lock")
    (vendor / "gguf-0.1.dist-info").mkdir()
    done = ros.run("cmake", "--install", build.directory, "--prefix", prefix)
    assert done.returncode == 0, done.stdout
    assert not (vendor / "gguf-0.1.dist-info").exists() and (vendor / "gguf").is_dir()


def test_symlink_install(ros, linked):
    """Modules and vendor folder are links; pip does not run again, for the build directory has its packages."""
    prefix, told = linked
    assert "Installing collected packages" not in told
    assert (prefix / "lib" / "glm4v_ros" / "vendor" / "llama_cpp").is_dir()
    assert (prefix / ros.site_packages.relative_to(ros.prefix) / "glm4v_ros" / "vendor.py").is_symlink()
    done = ros.run("glm4v", "ask", PICTURE, QUESTION, prefixes=(prefix,))
    assert done.stdout.strip() == ANSWER


def test_without_the_optional_parts(ros, build, prefix, wheels):
    """Answers come, and say why they are not checked. The last test here: the build directory has other packages then."""
    for command in (["cmake", build.directory, "-DGLM4V_READER=OFF", "-DGLM4V_REMOTE=OFF"],
                    ["cmake", "--build", build.directory, "--target", "glm4v_ros_vendor"]):  # fmt: skip
        done = ros.run(*command, PIP_NO_INDEX="1", PIP_FIND_LINKS=str(wheels))
        assert done.returncode == 0, done.stdout
    brought = build.directory / "vendor"
    assert (brought / "llama_cpp").is_dir() and not (brought / "onnxruntime").exists()
    assert not (brought / "openai").exists()
    vendor = prefix / "lib" / "glm4v_ros" / "vendor"
    shutil.rmtree(vendor)
    shutil.copytree(brought, vendor)
    done = ros.run("glm4v", "ask", PICTURE, QUESTION, "--verify", "auto", "--json", prefixes=(prefix,))
    told = json.loads(done.stdout)
    assert (told["answer"], told["verification"]) == (ANSWER, "not_checked")
    assert "build glm4v_ros again with -DGLM4V_READER=ON" in told["verification_reason"]
    done = ros.run("glm4v", "ask", PICTURE, QUESTION, "--remote-url", "http://127.0.0.1:9", "--remote-model", "m", prefixes=(prefix,))
    assert done.returncode and "build glm4v_ros again with -DGLM4V_REMOTE=ON" in done.stdout


@contextlib.contextmanager
def running(ros: AptRos, prefix: Path, executable: Path):
    """Until it has loaded its model; ends it with SIGTERM."""
    with subprocess.Popen(
        [executable], env=ros.environment(prefix), cwd="/", text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        try:
            said = []
            for line in process.stdout:
                said.append(line)
                if re.search("is loaded and runs on", line):
                    break
            else:
                pytest.fail("".join(said))
            yield
        finally:
            process.terminate()
