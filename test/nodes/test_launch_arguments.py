"""The arguments of vqa.launch.py: what they make of the nodes' parameters, read from the nodes. launch itself is not needed."""

import pytest
import rclpy
import yaml
from rclpy.context import Context

from glm4v_ros.nodes.launch_arguments import ARGUMENTS, PROFILE, read
from glm4v_ros.nodes.tts import TtsNode
from glm4v_ros.nodes.vqa import VqaNode
from glm4v_ros.share import share_dir

DEFAULTS = {name: default for name, (default, _) in ARGUMENTS.items()}
#: What each argument sets, to other values than the defaults of the nodes.
IN_FILE = {"autostart": False, "use_sim_time": True, "model": "of-file", "camera.front.topic": "/of/file", "speak": True}
GIVEN = {
    "autostart": "true",
    "use_sim_time": "false",
    "model": "123",  # which is a name here, and no number
    "camera_topic": "/given",
    "speak": "false",
}
AS_GIVEN = {"autostart": True, "use_sim_time": False, "model": "123", "camera.front.topic": "/given", "speak": False}
PARAMETER = {"camera_topic": "camera.front.topic"}


def started(environment=None, **arguments):
    return read({**DEFAULTS, **arguments}, share_dir(), environment or {})


def parameters_of(start, tmp_path, node="vqa"):
    """The node's own, when it is started with the files and the parameters as launch_ros gives them: under its full name."""
    kind, file, given = {
        "vqa": (VqaNode, start.params_file, start.parameters),
        "tts": (TtsNode, start.tts_params_file, start.tts_parameters),
    }[node]
    over = tmp_path / "given.yaml"
    namespace = f"/{start.namespace}".replace("//", "/")
    over.write_text(yaml.safe_dump({f"{namespace}/{node}".replace("//", "/"): {"ros__parameters": given}}))
    files = [file, *([over] if given else [])]
    context = Context()
    rclpy.init(context=context, args=[])
    words = [word for each in files for word in ("--params-file", str(each))]
    made = kind(context=context, namespace=start.namespace, cli_args=["--ros-args", *words], use_global_arguments=False)
    try:
        names = IN_FILE if node == "vqa" else ["use_sim_time", "rate", "voice", "piper_voice_en"]
        return {name: made.get_parameter(name).value for name in names}
    finally:
        made.destroy_node()
        rclpy.shutdown(context=context)


def file_of(tmp_path, parameters, section="/**"):
    file = tmp_path / "params.yaml"
    file.write_text(yaml.safe_dump({section: {"ros__parameters": parameters}}))
    return str(file)


@pytest.mark.parametrize("section", ["/**", "vqa", "/vqa"])
def test_what_is_not_given_is_left_to_the_parameters_file(tmp_path, section):
    start = started(params_file=file_of(tmp_path, IN_FILE, section))
    assert start.parameters == {} and start.remappings == ()
    assert parameters_of(start, tmp_path) == IN_FILE


@pytest.mark.parametrize("section", ["/**", "vqa", "/vqa"])
def test_what_is_given_comes_before_the_parameters_file(tmp_path, section):
    start = started(params_file=file_of(tmp_path, IN_FILE, section), **GIVEN)
    assert parameters_of(start, tmp_path) == AS_GIVEN


@pytest.mark.parametrize("argument", GIVEN)
def test_each_argument_changes_its_parameter_and_no_other(argument):
    name = PARAMETER.get(argument, argument)
    assert started(**{argument: GIVEN[argument]}).parameters == {name: AS_GIVEN[name]}


def test_without_arguments_the_nodes_have_their_own_defaults(tmp_path):
    shown = yaml.safe_load((share_dir() / "config" / "vqa.yaml").read_text())["/**"]["ros__parameters"]
    own = {name: shown.get(name, False) for name in IN_FILE}  # use_sim_time is rclpy's
    assert parameters_of(started(), tmp_path) == own


def test_the_voice_has_its_own_parameters_file(tmp_path):
    file = file_of(tmp_path, {"rate": 140, "voice": "piper", "piper_voice_en": "/voices/en.onnx", "use_sim_time": True})
    start = started(tts="true", tts_params_file=file, namespace="robot1")
    values = parameters_of(start, tmp_path, "tts")
    assert values == {"rate": 140, "voice": "piper", "piper_voice_en": "/voices/en.onnx", "use_sim_time": True}
    start = started(tts="true", tts_params_file=file, use_sim_time="false")
    assert parameters_of(start, tmp_path, "tts")["use_sim_time"] is False


def test_the_web_page_has_its_own_parameters_file(tmp_path):
    assert not started().web
    file = file_of(tmp_path, {"port": 9000})
    start = started(web="True", web_params_file=file, use_sim_time="true")
    assert start.web and str(start.web_params_file) == file and start.web_parameters == {"use_sim_time": True}
    assert started(web="1").web_params_file == share_dir() / "config" / "web.yaml"


_YES, _NO = ("true", "True", "TRUE", "1", "yes", "on", " true "), ("false", "False", "0", "No", "off")


@pytest.mark.parametrize("words, value", [(_YES, True), (_NO, False)])
@pytest.mark.parametrize("argument", ["tts", "autostart", "use_sim_time", "speak"])
def test_words_for_yes_and_no(argument, words, value):
    for word in words:
        start = started(**{argument: word})
        if argument == "tts":
            assert start.tts is value and bool(start.remappings) is value
        else:
            assert start.parameters == {argument: value}


@pytest.mark.parametrize(
    "argument, word, says",
    [
        *((name, word, "true or false") for name in ("tts", "autostart", "use_sim_time", "speak") for word in ("treu", "2", "None")),
        ("log_level", "loud", "debug, info"),
        ("params_file", "/no/such.yaml", "no file /no/such.yaml"),
        ("tts_params_file", "/no/such.yaml", "tts_params_file"),
        ("web_params_file", "/no/such.yaml", "web_params_file"),
        ("web", "maybe", "true or false"),
    ],
)
def test_a_wrong_word_is_refused_with_what_to_write(argument, word, says):
    with pytest.raises(ValueError, match=says) as told:
        started(**{argument: word})
    assert argument in str(told.value)


@pytest.mark.parametrize("tts, speak, parameters", [
    ("true", "", {"speak": True}), ("true", "false", {"speak": False}), ("false", "", {}), ("false", "true", {"speak": True}),
])  # fmt: skip
def test_with_the_voice_every_answer_is_spoken_unless_it_is_said_otherwise(tts, speak, parameters):
    assert started(tts=tts, speak=speak).parameters == parameters


def test_the_profile_is_our_nodes_only_and_that_of_the_user_stays():
    assert started().environment == {PROFILE: str(share_dir() / "config" / "fastdds.xml")}
    for name in (PROFILE, "FASTDDS_DEFAULT_PROFILES_FILE"):
        assert started({name: "/my/profile.xml"}).environment == {}
