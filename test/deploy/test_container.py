"""deploy/container: what the Containerfile and the compose file promise. Whether the image builds is tried by hand (docs/scale.md)."""

import json
import platform
import re
import shutil
import subprocess
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "deploy" / "container"
TEXT = re.sub(r"\\\n\s*", "", (FOLDER / "Containerfile").read_text())
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text())
PINNED = re.compile(r"[\w./-]+:[\w.-]*\d[\w.-]*|[\w./-]+:(humble|jazzy)-ros-base")


def stages() -> dict[str, list[tuple[str, str]]]:
    """Instruction and its words, by stage; "" is what stands before the first."""
    found: dict[str, list[tuple[str, str]]] = {"": []}
    name = ""
    for line in TEXT.splitlines():
        if line and not line.startswith("#"):
            word, _, rest = line.partition(" ")
            if word == "FROM":
                name = rest.split(" AS ")[1]
                found[name] = []
            found[name].append((word, rest))
    return found


def test_every_base_is_pinned():
    bases = dict(rest.split("=", 1) for word, rest in stages()[""] if word == "ARG")
    for name, base in bases.items():
        assert base == "${BASE}" or PINNED.fullmatch(base), f"{name}={base}"
    lock = (ROOT / "requirements" / "router.txt").read_text()
    assert "--require-hashes -r router.txt" in TEXT and re.search(r"^vllm-router==\d[\d.]* \\\n    --hash=", lock, re.MULTILINE)
    (version,) = re.findall(r"^vllm-router==(\S+)", lock, re.MULTILINE)
    assert f"glm4v-router:{version} " in (FOLDER / "Containerfile").read_text()
    kustomization = yaml.safe_load((ROOT / "deploy" / "kubernetes" / "base" / "kustomization.yaml").read_text())
    assert {image["name"]: image["newTag"] for image in kustomization["images"]}["glm4v-router"] == version


def test_who_runs_it_and_how_it_is_asked_for_its_health():
    found = stages()
    assert found.keys() == {"", "build", "server", "router-build", "router", "robot"}
    for name in ("server", "router", "robot"):
        last = dict(found[name])
        assert last["USER"] == "65532:65532", name  # a name's group would be whichever number the base had left
        assert "ENTRYPOINT" in last
    for name in ("server", "robot"):
        assert "HEALTHCHECK" in dict(found[name]) and dict(found[name])["VOLUME"] == "/models"


def test_a_router_that_waits_for_its_servers_can_be_told_to_end():
    """As process 1 it would only hear SIGKILL, for it handles no signal until a server lives."""
    found = stages()["router"]
    assert json.loads(dict(found)["ENTRYPOINT"])[:2] == ["tini", "--"]
    assert any("apt-get install" in rest and " tini " in rest for word, rest in found if word == "RUN")


def test_what_is_copied_is_there():
    for word, rest in stages()["build"] + stages()["router-build"]:
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
    ignored = (ROOT / ".containerignore").read_text().split()
    assert ".venv" in ignored and ".git" in ignored and (ROOT / ".dockerignore").read_text().split() == ignored


def test_what_the_server_needs_is_named_in_the_requirements():
    script = (FOLDER / "install.sh").read_text()
    (names,) = re.findall(r"\^\(([\w|-]+)\)=", script)
    listed = (ROOT / "requirements" / "python.txt").read_text() + (ROOT / "requirements" / "serve.txt").read_text()
    for name in names.split("|"):
        assert re.search(rf"^{name}==", listed, re.MULTILINE), name
    setup = (ROOT / "setup.py").read_text()
    needed = re.search(r"install_requires=\[(.*?)\]", setup, re.DOTALL)[1] + re.search(r'"serve": \[(.*?)\]', setup)[1]
    for name in re.findall(r'"([\w-]+)', needed):
        assert name in (*names.split("|"), "llama-cpp-python"), name
    assert subprocess.run(["sh", "-n", FOLDER / "install.sh"]).returncode == 0
    if shutil.which("shellcheck"):
        assert subprocess.run(["shellcheck", "-s", "sh", "-e", "SC2086", FOLDER / "install.sh"]).returncode == 0


def test_llama_cpp_is_built_for_more_processors_than_the_one_that_builds_it():
    """An image travels: with the builder's own instructions it would end with SIGILL elsewhere."""
    flags = subprocess.run(["sh", FOLDER / "install.sh", "flags"], capture_output=True, text=True, check=True).stdout
    assert "-DGGML_NATIVE=OFF" in flags
    assert ("dotprod" in flags) == (platform.machine() == "aarch64")
    build = next(rest for word, rest in stages()["robot"] if word == "RUN")
    assert 'CMAKE_ARGS="$(sh src/glm4v_ros/deploy/container/install.sh flags)"' in build


def test_compose_runs_what_is_built():
    for name, service in COMPOSE["services"].items():
        assert service["read_only"] and service["user"] == "65532:65532" and service["cap_drop"] == ["ALL"]
        assert re.fullmatch(r"[\w-]+:\d[\w.]*", service["image"]), name
        build = service["build"]
        if "target" in build:
            assert build["target"] in stages() and (FOLDER / build["context"]).resolve() == ROOT
            assert (ROOT / build["dockerfile"]).is_file()
    assert "camera" in COMPOSE["services"]
    for volume in [one for service in COMPOSE["services"].values() for one in service.get("volumes", ())]:
        source = volume.partition(":")[0]
        assert source in COMPOSE["volumes"] or (FOLDER / source).is_file()


def test_the_jetsons_file_changes_a_service_that_is_there_and_gives_arguments_that_its_stage_takes():
    over = yaml.safe_load((FOLDER / "compose.jetson.yaml").read_text())["services"]
    assert over.keys() <= COMPOSE["services"].keys()
    given = over["vqa"]["build"]["args"]
    taken = {rest.partition("=")[0] for word, rest in stages()[""] + stages()["robot"] if word == "ARG"}
    assert given.keys() <= taken
    told = (FOLDER / "Containerfile").read_text()
    for name, value in given.items():
        assert re.search(rf'--build-arg {name}="?{re.escape(value)}"?[ \n]', told), name
