"""What a question may bring beside its words, as the engine gets it, and what does not go together."""

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from glm4v_ros.msg import Exchange, Sampling
from rclpy.parameter import Parameter
from rig import Rig
from robot import image, plain

from glm4v_ros.engine import question as engine
from glm4v_ros.errors import ErrorCode

RED, GREEN, BLUE = (plain(colour) for colour in ((200, 10, 20), (10, 200, 20), (10, 20, 200)))


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("rig"), allow_demo_model=True)
    rig.node.autostart()
    yield rig
    rig.close()


def ask(rig, *pictures, cameras=(), session_id="", **options):
    images = [image(rgb, Time()) for rgb in pictures or (RED,)]
    return rig.robot.ask("what?", images=images, cameras=list(cameras), session_id=session_id, options=options)


def asked(rig):
    """The question and the frames that the engine got last."""
    return rig.engine.questions[-1]


def test_stop_system_prompt_and_what_is_for_measuring(rig):
    assert ask(rig, stop=["\n", "。"], system_prompt="Be short.", ignore_eos=True, language="fr").success
    question, _ = asked(rig)
    assert question.stop == ("\n", "。") and question.system_prompt.startswith("Be short.") and question.ignore_eos
    assert "fr" in question.system_prompt or "French" in question.system_prompt
    assert ask(rig).success
    question, _ = asked(rig)
    assert question.stop == () and not question.ignore_eos
    assert question.system_prompt == rig.node.activation.presets["default"].system_prompt


def test_the_past_comes_with_its_pictures_first(rig):
    past = [Exchange(question="first?", answer="one", pictures=1), Exchange(question="second?", answer="two")]
    assert ask(rig, GREEN, BLUE, past=past).success
    question, frames = asked(rig)
    assert question.past == (
        engine.Exchange("first?", "one", 1), engine.Exchange("second?", "two", 0))  # fmt: skip
    assert [tuple(frame.rgb[0, 0]) for frame in frames] == [tuple(GREEN[0, 0]), tuple(BLUE[0, 0])]


def test_the_past_may_be_words_alone_and_the_picture_a_camera_s(rig):
    front = rig.robot.camera("/front/image_raw")
    rig.publish(front, image(BLUE, rig.robot.now()))
    response = rig.robot.ask("and now?", options={"past": [Exchange(question="what?", answer="one")]})
    assert response.success
    question, frames = asked(rig)
    assert [one.text for one in question.past] == ["what?"] and np.array_equal(frames[0].rgb, BLUE)


def test_sampling_counts_as_it_is_given_and_else_the_parameters_do(rig):
    rig.node.set_parameters([Parameter("temperature", value=0.5), Parameter("seed", value=7)])
    try:
        assert ask(rig, sampling=[Sampling(temperature=1.25, top_p=0.9, top_k=5, seed=2**64 - 1)]).success
        given = asked(rig)[0].sampling
        assert (given.temperature, given.top_p, given.top_k, given.min_p, given.repeat_penalty, given.seed) == (
            1.25, 0.9, 5, 0.0, 1.0, 2**64 - 1)  # fmt: skip
        assert ask(rig, sampling=[Sampling()]).success
        assert asked(rig)[0].sampling.greedy and asked(rig)[0].sampling.seed == 0
        assert ask(rig).success
        assert asked(rig)[0].sampling.temperature == 0.5 and asked(rig)[0].sampling.seed == 7
    finally:
        rig.node.set_parameters([Parameter("temperature", value=0.0), Parameter("seed", value=0)])


def test_text_only_asks_no_camera(rig):
    front = rig.robot.camera("/front/image_raw")
    rig.publish(front, image(BLUE, rig.robot.now()))
    answer = rig.robot.ask("what?", options={"text_only": True}).answer
    question, frames = asked(rig)
    assert not question.needs_picture and frames == [] and not answer.image_headers and not answer.cameras
    assert ask(rig).success and asked(rig)[0].needs_picture


def test_how_likely_each_token_was(rig):
    answer = ask(rig, logprobs=True, top_logprobs=2).answer
    (token,) = answer.tokens
    assert bytes(token.bytes).decode() == answer.text and token.log_probability == -0.5
    assert [one.log_probability for one in answer.alternatives] == [-0.5, -1.5]
    assert not ask(rig).answer.tokens


EXCHANGE = Exchange(question="what?", answer="one")


@pytest.mark.parametrize(
    "options, code, said",
    [
        ({"stop": ["x"] * 17}, ErrorCode.BAD_REQUEST, "stop"),
        ({"stop": [""]}, ErrorCode.BAD_REQUEST, "stop"),
        ({"stop": ["x" * 201]}, ErrorCode.BAD_REQUEST, "stop"),
        ({"system_prompt": "x" * 40_000}, ErrorCode.BAD_REQUEST, "system prompt"),
        ({"past": [Exchange(answer="one")]}, ErrorCode.BAD_REQUEST, "past"),
        ({"past": [Exchange(question="what?", pictures=2)]}, ErrorCode.BAD_REQUEST, "more pictures"),
        ({"past": [EXCHANGE], "session_id": "s"}, ErrorCode.BAD_REQUEST, "not both"),
        ({"sampling": [Sampling(), Sampling()]}, ErrorCode.BAD_REQUEST, "sampling"),
        ({"sampling": [Sampling(temperature=float("nan"))]}, ErrorCode.BAD_REQUEST, "temperature"),
        ({"sampling": [Sampling(top_p=1.5)]}, ErrorCode.BAD_REQUEST, "top_p"),
        ({"text_only": True}, ErrorCode.BAD_REQUEST, "text_only"),
        ({"verify": "always"}, ErrorCode.BAD_REQUEST, "verify is one of off, auto, required"),
        ({"zoom": "in"}, ErrorCode.BAD_REQUEST, "zoom is one of off, auto"),
        ({"hints": "words"}, ErrorCode.BAD_REQUEST, "hints is one of off, lines"),
        ({"verify": "required", "hints": "lines"}, ErrorCode.BAD_REQUEST, "was not told"),
        ({"verify": "required", "json_schema": "{}"}, ErrorCode.BAD_REQUEST, "json_schema"),
        ({"top_logprobs": 1}, ErrorCode.BAD_REQUEST, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, ErrorCode.BAD_REQUEST, "logprobs"),
        ({"logprobs": True, "choices": ["a", "b"]}, ErrorCode.BAD_REQUEST, "choices"),
        ({"preset": "eldercare", "logprobs": True}, ErrorCode.UNSUPPORTED, "logprobs"),
        ({"preset": "eldercare", "system_prompt": "Say that all is well."}, ErrorCode.UNSUPPORTED, "system_prompt"),
        ({"preset": "eldercare", "past": [EXCHANGE]}, ErrorCode.UNSUPPORTED, "past"),
        ({"preset": "eldercare", "stop": ["mg"]}, ErrorCode.UNSUPPORTED, "stop"),
        ({"preset": "eldercare", "hints": "lines"}, ErrorCode.UNSUPPORTED, "hints"),
    ],
)  # fmt: skip
def test_what_is_refused(rig, options, code, said):
    before = len(rig.engine.questions)
    response = ask(rig, **options)
    assert not response.success and ErrorCode(response.error_code) is code and said in response.error_msg
    assert len(rig.engine.questions) == before


def test_the_past_s_pictures_are_the_request_s(rig):
    front = rig.robot.camera("/front/image_raw")
    rig.publish(front, image(BLUE, rig.robot.now()))
    past = [Exchange(question="what?", answer="one", pictures=1)]
    response = rig.robot.ask("and now?", cameras=["front"], options={"past": past})
    assert ErrorCode(response.error_code) is ErrorCode.BAD_REQUEST and "more pictures" in response.error_msg
