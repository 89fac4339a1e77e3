"""The SROS 2 policies name what the running nodes have: nothing is missing, nothing is allowed for no reason."""

import contextlib
import signal
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest
import rclpy
from rclpy.context import Context
from rclpy.node import Node
from robot import eventually
from test_vqa import DEMO, ROOT

POLICIES = ROOT / "config" / "security" / "policies.xml"
ACTION = "/_action/"
RULES = {"topics": ("publish", "subscribe"), "services": ("reply", "request"), "actions": ("execute", "call")}
#: Allowed although the node as it is started here does not have it, and why.
OPTIONAL = {
    ("vqa", "publish", "/tts/speech"): "remapped from ~/speech by the launch file",
    ("vqa", "publish", "/tts/silence"): "remapped from ~/silence by the launch file",
    ("vqa", "subscribe", "/tts/silence"): "likewise",
    ("vqa", "subscribe", "/front/image_raw"): "or compressed, whichever the camera offers",
    ("vqa", "subscribe", "/front/image_raw/compressed"): "or raw",
    ("vqa", "publish", "/vqa/evidence"): "where vision_msgs is installed",
    ("tts", "publish", "/tts/pcm"): "with output: topic",
}
OPTIONAL |= {(node, "subscribe", "/clock"): "with use_sim_time" for node in ("vqa", "tts", "demo_camera")}
OPTIONAL |= {
    (node, "reply", f"/{node}/get_type_description"): "since Jazzy" for node in ("vqa", "tts", "demo_camera")
}


def rules(node: str) -> dict[str, set[str]]:
    """Per kind of rule the full names that the policies allow this node."""
    (profile,) = (profile for profile in ElementTree.parse(POLICIES).iter("profile") if profile.get("node") == node)
    assert profile.get("ns") == "/"
    allowed = {kind: set() for kinds in RULES.values() for kind in kinds}
    for block in profile:
        (kind,) = block.attrib
        assert kind in RULES[block.tag] and block.get(kind) == "ALLOW"
        names = [name.text for name in block]
        assert len(set(names)) == len(names), f"{node} {kind}: twice"
        allowed[kind] |= {
            f"/{node}{name[1:]}" if name.startswith("~") else name if name.startswith("/") else f"/{name}" for name in names
        }
    return allowed


def unneeded(node: str, has: dict[str, set[str]]) -> dict[str, set[str]]:
    """Per kind of rule the names that the policies allow this node and that it neither has nor may have."""
    left = {
        kind: names - has[kind] - {name for owner, of, name in OPTIONAL if (owner, of) == (node, kind)}
        for kind, names in rules(node).items()
    }
    return {kind: names for kind, names in left.items() if names}


class Graph:
    """The three nodes as processes, and what they have."""

    def __init__(self, directory):
        commands = {
            "vqa": (),
            "tts": ("-p", "output:=wav", "-p", f"wav_file:={directory / 'said.wav'}"),
            "demo_camera": ("-p", f"picture:={ROOT / DEMO['picture']}"),
        }
        self.processes = [
            subprocess.Popen([sys.executable, "-m", f"glm4v_ros.nodes.{name}", "--ros-args", *words], cwd=ROOT)
            for name, words in commands.items()
        ]
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("graph", context=self.context)
        try:
            # What a node makes last; the cameras' subscriptions come with activation.
            eventually(lambda: any(name.startswith("/front/") for name in self.of("vqa")["subscribe"]), 120)
            eventually(lambda: "/tts/say" in self.of("tts")["execute"], 60)
            eventually(lambda: "/front/image_raw/compressed" in self.of("demo_camera")["publish"], 60)
            with contextlib.suppress(AssertionError):  # the tests say better what is missing
                eventually(lambda: not any(unneeded(name, self.of(name)) for name in commands))
        except BaseException:
            for process in self.processes:
                process.kill()
            raise

    def close(self):
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)
        for process in self.processes:
            process.send_signal(signal.SIGINT)
        assert [process.wait(60) for process in self.processes] == [0, 0, 0]

    def of(self, name: str) -> dict[str, set[str]]:
        node = self.node
        try:
            told = {
                "publish": node.get_publisher_names_and_types_by_node(name, "/"),
                "subscribe": node.get_subscriber_names_and_types_by_node(name, "/"),
                "reply": node.get_service_names_and_types_by_node(name, "/"),
                "request": node.get_client_names_and_types_by_node(name, "/"),
            }
        except rclpy.node.NodeNameNonExistentError:
            return {kind: set() for kinds in RULES.values() for kind in kinds}
        names = {kind: {name for name, _ in found} for kind, found in told.items()}
        execute = {name.split(ACTION)[0] for name in names["reply"] if ACTION in name}
        call = {name.split(ACTION)[0] for name in names["request"] if ACTION in name}
        plain = {kind: {name for name in found if ACTION not in name} for kind, found in names.items()}
        return {**plain, "execute": execute, "call": call}


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    graph = Graph(tmp_path_factory.mktemp("graph"))
    yield graph
    graph.close()


@pytest.mark.parametrize("node", ["vqa", "tts", "demo_camera"])
def test_every_name_of_a_node_is_allowed_and_no_other(graph, node):
    has, allowed = graph.of(node), rules(node)
    for kind in allowed:
        assert has[kind] - allowed[kind] == set(), f"{node} cannot {kind}"
    assert unneeded(node, has) == {}


@pytest.mark.parametrize("who", ["client", "operator"])
def test_what_others_may_do_is_there(graph, who):
    nodes = [graph.of(node) for node in ("vqa", "tts", "demo_camera")]
    there = {kind: set.union(*(node[kind] for node in nodes)) for kind in nodes[0]}
    allowed = rules(who)
    own = {f"/{who}/{name.rpartition('/')[2]}" for name in rules("tts")["reply"]} - {f"/{who}/stop"}
    assert allowed["call"] <= there["execute"] and allowed["reply"] == own and not allowed["execute"]
    assert allowed["request"] - there["reply"] <= {f"/{node}/get_type_description" for node in ("vqa", "tts")}
    assert allowed["subscribe"] - there["publish"] <= {"/clock", "/vqa/evidence"}
    assert allowed["publish"] - there["subscribe"] <= {"/parameter_events", "/rosout"}


def test_a_client_changes_nothing_in_the_nodes():
    """Neither parameters nor lifecycle; no answers, pictures or diagnostics of its own making."""
    client = rules("client")
    assert client["request"] == {"/vqa/ask_image", "/vqa/reset_session", "/tts/stop"}
    assert not client["publish"] & (rules("vqa")["publish"] - {"/parameter_events", "/rosout", "/tts/say_text"})


def test_one_enclave_a_process():
    paths = [enclave.get("path") for enclave in ElementTree.parse(POLICIES).iter("enclave")]
    assert paths == [f"/glm4v/{name}" for name in ("vqa", "tts", "demo_camera", "client", "operator")]
