"""Who may speak: what the node vqa publishes for the voice, over DDS, with a scripted engine."""

import threading

import pytest
from glm4v_ros.msg import Sentence
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from rig import Rig
from robot import duration, eventually, image, plain, wait
from std_msgs.msg import String
from std_srvs.srv import Trigger

from glm4v_ros.errors import ErrorCode
from glm4v_ros.nodes.tts import TtsNode
from glm4v_ros.vision.frame import Frame

PICTURE = plain((200, 10, 20))


class Ear:
    """Hears what goes to the voice."""

    def __init__(self, rig):
        self.rig = rig
        self.sentences = rig.robot.listen(Sentence, "/vqa/speech")
        self.plain = rig.robot.listen(String, "/vqa/sentences")
        self.silenced = rig.robot.listen(String, "/vqa/silence")
        self.silence = rig.robot.node.create_publisher(String, "/vqa/silence", 10)
        names = ("/vqa/speech", "/vqa/sentences", "/vqa/silence")
        eventually(lambda: all(rig.node.count_subscribers(name) for name in names))
        eventually(lambda: self.silence.get_subscription_count() == 2)  # the node and this ear

    def clear(self):
        for heard in (self.sentences, self.plain, self.silenced):
            heard.clear()

    @property
    def owners(self) -> list[str]:
        return list(dict.fromkeys(sentence.owner for sentence in self.sentences))

    def said(self, owner: str) -> list[str]:
        return [sentence.text for sentence in self.sentences if sentence.owner == owner and sentence.text]

    def ended(self, owner: str) -> bool:
        return any(sentence.owner == owner and sentence.last for sentence in self.sentences)

    @property
    def said_plainly(self) -> list[str]:
        return [message.data for message in self.plain]

    @property
    def silenced_owners(self) -> list[str]:
        """Of this test; what came before it is silenced when it begins."""
        return [message.data for message in self.silenced if message.data in self.owners]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("voice"), max_parallel=8)
    rig.node.autostart()
    yield Ear(rig)
    rig.close()


@pytest.fixture
def ear(shared):
    shared.clear()
    yield shared
    shared.rig.node.set_parameters([Parameter("speak", value=False), Parameter("allow_demo_model", value=False)])


def start(ear, question, **options):
    return ear.rig.robot.start(question, images=[image(PICTURE, ear.rig.robot.now())], options=options)


def ask(ear, question, **options):
    return wait(start(ear, question, **options))


def spoken(ear, question, **options) -> tuple[object, str]:
    """A question that is to be heard, and its owner, once it is announced."""
    before = set(ear.owners)
    future = start(ear, question, speak=True, **options)
    (owner,) = eventually(lambda: set(ear.owners) - before)
    return future, owner


def test_sentences_go_out_with_their_owner_while_the_answer_is_written(ear):
    future, owner = spoken(ear, "tell")
    eventually(lambda: ear.said(owner) == ["One."] and ear.said_plainly == ["", "One."])
    assert not future.done()
    ear.rig.engine.go_on.set()
    response = wait(future)
    assert response.answer.request_id == owner
    eventually(lambda: ear.ended(owner))
    assert [(m.index, m.text, m.last) for m in ear.sentences] == [(0, "", False), (1, "One.", False), (2, "Two.", True)]
    assert ear.said_plainly == ["", "One.", "Two."]


def test_an_answer_that_is_complete_with_its_last_sentence_says_so(ear):
    """Nothing is left when it ends, so its end has a message of its own."""
    ear.rig.engine.says[Frame(PICTURE).key, "done?"] = "Done。"
    owner = ask(ear, "done?", speak=True).answer.request_id
    eventually(lambda: ear.ended(owner))
    assert [(m.index, m.text, m.last) for m in ear.sentences] == [(0, "", False), (1, "Done。", False), (2, "", True)]


def test_a_question_that_is_not_spoken_never_touches_the_voice(ear):
    future, owner = spoken(ear, "tell")
    eventually(lambda: ear.said(owner))
    assert ask(ear, "what?").success
    assert ask(ear, "what?", silent=True, speak=True, priority=200).success
    assert ear.owners == [owner] and ear.silenced_owners == []
    ear.rig.engine.go_on.set()
    assert wait(future).success
    eventually(lambda: ear.said(owner) == ["One.", "Two."])


@pytest.mark.parametrize(
    "parameter, speak, silent, heard",
    [
        (False, False, False, False),
        (False, True, False, True),
        (False, True, True, False),
        (True, False, False, True),
        (True, False, True, False),
        (True, True, True, False),
    ],
)
def test_who_is_spoken(ear, parameter, speak, silent, heard):
    ear.rig.node.set_parameters([Parameter("speak", value=parameter)])
    asked = ask(ear, "what?", speak=speak, silent=silent).answer
    ear.rig.node.set_parameters([Parameter("speak", value=False)])
    after = ask(ear, "what?", speak=True).answer  # in order: what was to come before it has come
    eventually(lambda: after.request_id in ear.owners)
    assert ear.owners == [asked.request_id, after.request_id] if heard else [after.request_id]


@pytest.mark.parametrize("priority", [0, 5])
def test_a_later_one_takes_the_voice_and_the_earlier_answer_arrives_in_full(ear, priority):
    first, one = spoken(ear, "tell", priority=priority)
    eventually(lambda: ear.said(one) == ["One."])
    assert ask(ear, "what?", speak=True, priority=5).success
    eventually(lambda: ear.silenced_owners == [one])
    ear.rig.engine.go_on.set()
    response = wait(first)
    assert response.success and response.answer.text == "One. Two."
    two = ear.owners[1]
    eventually(lambda: ear.ended(two))
    assert ear.said(one) == ["One."] and len(ear.said(two)) == 1
    assert ear.said_plainly == ["", "One.", "", *ear.said(two)]


def test_of_a_lower_priority_it_waits_for_the_end_of_the_answer(ear):
    first, one = spoken(ear, "tell", priority=5)
    eventually(lambda: ear.said(one) == ["One."])
    low, high = (ask(ear, "what?", speak=True, priority=priority).answer.request_id for priority in (1, 3))
    assert ear.said(low) == ear.said(high) == []
    ear.rig.engine.go_on.set()
    assert wait(first).success
    eventually(lambda: ear.ended(low))
    texts = [sentence.owner for sentence in ear.sentences if sentence.text]
    assert texts == [one, one, high, low]  # of those that wait, the highest first
    assert ear.silenced_owners == [] and ear.said_plainly == ["", "One.", "Two.", *ear.said(high), *ear.said(low)]


def test_what_is_still_being_said_ends_too_when_another_one_takes_the_voice(ear):
    """The first answer is written completely; the voice may need longer to say it."""
    one = ask(ear, "what?", speak=True, priority=5).answer.request_id
    ask(ear, "what?", speak=True, priority=4)
    assert ear.silenced_owners == []
    two = ear.owners[1]
    ask(ear, "what?", speak=True, priority=5)
    eventually(lambda: sorted(ear.silenced_owners) == sorted([one, two]))


def test_a_person_silences_the_voice_and_the_answer_behind_it_ends(ear):
    first, one = spoken(ear, "slow one", timeout=duration(60))
    silent = start(ear, "slow two", timeout=duration(1.0))
    ear.silence.publish(String(data="nobody's"))
    ear.silence.publish(String(data=one))
    assert wait(first).error_code == ErrorCode.CANCELED
    assert wait(silent).error_code == ErrorCode.TIMEOUT


def test_a_waiting_one_can_be_silenced_before_its_turn(ear):
    first, one = spoken(ear, "tell", priority=5)
    eventually(lambda: ear.said(one))
    waits, two = spoken(ear, "slow", priority=1, timeout=duration(60))
    ear.silence.publish(String(data=two))
    assert wait(waits).error_code == ErrorCode.CANCELED
    ear.rig.engine.go_on.set()
    assert wait(first).success
    eventually(lambda: ear.ended(one))
    assert ear.said(two) == []


def test_a_canceled_question_falls_silent_and_the_next_one_has_its_turn(ear):
    robot, picture = ear.rig.robot, [image(PICTURE, ear.rig.robot.now())]
    goal = robot.goal("slow", images=picture, options={"speak": True, "priority": 5, "timeout": duration(60)})
    (one,) = eventually(lambda: ear.owners)
    two = ask(ear, "what?", speak=True).answer.request_id
    assert ear.said(two) == []
    wait(goal.cancel_goal_async())
    eventually(lambda: ear.ended(two))
    assert ear.silenced_owners == [one] and len(ear.said(two)) == 1


def test_an_answer_that_breaks_off_leaves_the_voice(ear):
    assert ask(ear, "slow", speak=True, priority=5, timeout=duration(0.2)).error_code == ErrorCode.TIMEOUT
    two = ask(ear, "what?", speak=True).answer.request_id
    eventually(lambda: ear.ended(two))
    assert len(ear.said(two)) == 1 and ear.ended(ear.owners[0])


def test_eldercare_is_spoken_whole(ear):
    ear.rig.node.set_parameters([Parameter("allow_demo_model", value=True)])
    future, owner = spoken(ear, "tell", preset="eldercare")
    eventually(ear.rig.engine.told.is_set)
    assert ear.said(owner) == []
    ear.rig.engine.go_on.set()
    wait(future)
    eventually(lambda: ear.ended(owner))
    assert ear.said(owner) == ["One. Two."] and ear.said_plainly == ["", "One. Two."]


@pytest.fixture
def tts(shared):
    """The voice itself, connected as the launch file does it, from the other side."""
    words = [word for name in ("speech", "silence") for word in ("-r", f"~/{name}:=/vqa/{name}")]
    parameters = {"output": "topic", "rate": 450, "volume": 0.0, "speaking_tail": 0.0}
    node = TtsNode(
        context=shared.rig.context,
        cli_args=["--ros-args", *words],
        parameter_overrides=[Parameter(name, value=value) for name, value in parameters.items()],
    )
    executor = SingleThreadedExecutor(context=shared.rig.context)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    eventually(lambda: shared.rig.node.count_subscribers("/vqa/speech") == 2)
    yield node
    executor.shutdown()
    thread.join()
    node.destroy_node()


def test_both_nodes_together(ear, tts):
    """A stop at the voice ends the question behind it and no other, and the next answer is said."""
    stop = ear.rig.robot.node.create_client(Trigger, "/tts/stop")
    assert stop.wait_for_service(30)
    first, one = spoken(ear, "slow", timeout=duration(60))
    eventually(lambda: tts.speaker.speaking)
    silent = start(ear, "slow too", silent=True, timeout=duration(1.0))
    assert wait(stop.call_async(Trigger.Request())).success
    assert wait(first).error_code == ErrorCode.CANCELED
    eventually(lambda: not tts.speaker.speaking)
    assert wait(silent).error_code == ErrorCode.TIMEOUT
    said = tts.speaker.said
    ear.rig.engine.says[Frame(PICTURE).key, "next?"] = "All is well."
    assert ask(ear, "next?", speak=True).success
    eventually(lambda: tts.speaker.said == said + 1)
    long, two = spoken(ear, "slow again", timeout=duration(1.5))
    eventually(lambda: tts.speaker.speaking)
    assert ask(ear, "next?", speak=True).success
    eventually(lambda: tts.speaker.said == said + 2 and not tts.speaker.speaking)  # not the rest of the one before
    assert wait(long).error_code == ErrorCode.TIMEOUT  # which was written to its end all the same
