"""The listings of docs/behavior_trees.md: well formed, and everything in them that is ours exists under that name."""

import ast
import inspect
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.msg import Answer, AskOptions

from glm4v_ros import behaviours
from glm4v_ros.action_caller import ActionCaller
from glm4v_ros.nodes.parameters import TABLE

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "behavior_trees.md"
LISTINGS = re.findall(r"^```(\w+)\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
MESSAGES = {
    "goal": AskImageAction.Goal,
    "goal.options": AskOptions,
    "wrapped.result": AskImageAction.Result,
    "wrapped.result.answer": Answer,
}
OF_THE_LIBRARY = {  # BehaviorTree.CPP 4's own nodes and the attributes that the tree uses
    "ReactiveSequence": set(),
    "Sequence": set(),
    "Fallback": set(),
    "Inverter": set(),
    "RetryUntilSuccessful": {"num_attempts"},
    "ScriptCondition": {"code"},
}


def listings(language: str) -> list[str]:
    found = [text for kind, text in LISTINGS if kind == language]
    assert found
    return found


def ports(cpp: str) -> dict[str, str]:
    return {name: kind for kind, name in re.findall(r'BT::(Input|Output)Port<[\w:]+>\("(\w+)"', cpp)}


@pytest.fixture(scope="module")
def tree():
    (text,) = listings("xml")
    return ElementTree.fromstring(text)


def test_the_tree_has_what_it_names(tree):
    assert tree.get("BTCPP_format") == "4"
    trees = {each.get("ID") for each in tree.findall("BehaviorTree")}
    assert tree.get("main_tree_to_execute") in trees
    models = {model.get("ID"): {port.get("name") for port in model} for model in tree.find("TreeNodesModel")}
    for node in tree.findall("BehaviorTree//*"):
        assert set(node.attrib) <= models.get(node.tag, set()) | OF_THE_LIBRARY.get(node.tag, set()), node.tag
        assert node.tag in models or node.tag in OF_THE_LIBRARY
    written = {value for node in tree.findall("BehaviorTree//*") for value in re.findall(r"{(\w+)}", str(node.attrib))}
    condition = tree.find(".//ScriptCondition").get("code")
    read = set(re.findall(r"\b[a-z]\w*", re.sub(r"'\w*'", "", condition)))
    assert read and read <= written


def test_the_tree_and_the_class_have_the_same_ports(tree):
    declared = ports(listings("cpp")[0])
    assert declared
    model = tree.find("TreeNodesModel/Action[@ID='AskImage']")
    assert {port.get("name"): port.tag for port in model} == {
        "action_name": "input_port",  # of every RosActionNode
        **{name: f"{kind.lower()}_port" for name, kind in declared.items()},
    }


def test_the_class_uses_only_ports_and_fields_that_exist():
    cpp = listings("cpp")[0]
    used = set(re.findall(r'(?:get|set)(?:Input|Output)(?:<[\w:]+>)?\("(\w+)"', cpp))
    assert used == set(ports(cpp))
    paths = re.findall(r"\b((?:goal|wrapped)(?:(?:\.|->)\w+)+)", cpp)
    assert len(paths) > 8
    for path in paths:
        *parts, last = path.replace("->", ".").split(".")
        if last in ("push_back", "emplace_back"):
            *parts, last = parts
        message = MESSAGES.get(".".join(parts))
        assert path == "wrapped.result" or message is not None, path
        assert last in message.get_fields_and_field_types(), path


def test_the_action_has_the_name_that_the_listing_gives():
    (name,) = re.findall(r'default_port_value = "/vqa/(\w+)"', listings("cpp")[1])
    assert f'"~/{name}"' in (DOCUMENT.parents[1] / "glm4v_ros" / "nodes" / "interfaces.py").read_text(encoding="utf-8")


def test_the_leaves_take_the_arguments_that_the_listings_give():
    options = set(AskOptions.get_fields_and_field_types())
    seen = set()
    for listing in listings("python"):
        for call in (node for node in ast.walk(ast.parse(listing)) if isinstance(node, ast.Call)):
            name = call.func.id if isinstance(call.func, ast.Name) else ""
            made = ActionCaller if name == "ActionCaller" else getattr(behaviours, name, None)
            if made is None:
                continue
            seen.add(name)
            signature = inspect.signature(made)
            takes_options = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
            given = {keyword.arg for keyword in call.keywords}
            assert given <= set(signature.parameters) | (options if takes_options else set()), name
            signature.bind(*call.args, **dict.fromkeys(given))
    assert seen == {"AskImage", "AnswerIs", "Say", "ActionCaller"}


def test_the_manager_manages_vqa():
    text = (DOCUMENT.parent / "install.md").read_text(encoding="utf-8")
    (listing,) = re.findall(r"^```yaml\n((?:(?!```).)*lifecycle_manager_vqa:.*?)^```", text, re.S | re.M)
    listed = yaml.safe_load(listing)
    manager = listed["lifecycle_manager_vqa"]
    assert listed["vqa"]["ros__parameters"] == {"autostart": False}
    assert manager["ros__parameters"] == {"autostart": True, "node_names": ["vqa"], "bond_timeout": 0.0}
    assert "autostart" in {parameter.name for parameter in TABLE}
