"""Each WARN and ERROR: that it is raised, and that it goes by itself when its reason is gone."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from evidence_rig import start
from rig import Rig
from robot import compressed, eventually, image
from sensor_msgs.msg import CompressedImage
from test_vqa_scripted import RED

from glm4v_ros.engine.answer import Answer, FinishReason
from glm4v_ros.engine.status import EngineStatus
from glm4v_ros.errors import BadRequest, Busy, EngineFailed, OutOfMemory, VqaError
from glm4v_ros.machine.readings import Readings, Temperature
from glm4v_ros.nodes import diagnostics
from glm4v_ros.nodes.tally import KEPT, LATELY, Tally

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR
GIB = 1 << 30


class Time:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


def node(tally, **changes):
    facts = {"state": "active", "trouble": "", "in_flight": 0, "limit": 4, **changes}
    return diagnostics.node_status("/vqa", facts["state"], facts["trouble"], tally, facts["in_flight"], facts["limit"])


def engine(replaced=None, limit=0, wants_gpu=False, **changes):
    status = replace(EngineStatus("m", alive=True, loaded=True, device="CPU", stage="idle"), **changes)
    return diagnostics.engine_status("/vqa", status, wants_gpu, limit, replaced)


def machine(*temperatures, memory=(4 * GIB, 8 * GIB), age=0.0, **figures):
    sensors = SimpleNamespace(readings=Readings(temperatures, **figures), age=age)
    return diagnostics.machine_status("/vqa", sensors, memory)


def values(status):
    return {pair.key: pair.value for pair in status.values}


def test_node_that_cannot_be_configured():
    status = node(Tally(), state="not active", trouble="configure failed: there is no model 'x'")
    assert status.level == ERROR and "no model 'x'" in status.message
    assert node(Tally(), state="not active").level == OK


def test_node_that_refuses_more():
    assert node(Tally(), in_flight=4).level == WARN and "BUSY" in node(Tally(), in_flight=4).message
    assert node(Tally(), in_flight=3).level == OK


@pytest.mark.parametrize("error", [EngineFailed("it died"), OutOfMemory("too much"), VqaError("odd")])
def test_errors_of_the_node_itself_count_for_a_minute(time, error):
    tally = Tally(time)
    assert node(tally).level == OK
    tally.add_error(error)
    assert node(tally).level == WARN and str(error) in node(tally).message and f"{error.code.name} 1" in node(tally).message
    time.now = LATELY + 1
    assert node(tally).level == OK and values(node(tally))["errors"] == f"{error.code.name} 1"


@pytest.mark.parametrize("error", [BadRequest("wrong"), Busy("full")])
def test_errors_of_those_who_ask_are_no_warning(error):
    tally = Tally()
    tally.add_error(error)
    assert node(tally).level == OK and values(node(tally))["ended with an error code"] == "1"


def test_times_of_the_last_answers():
    tally = Tally()
    assert "latency s" not in values(node(tally))
    for number in range(2 * KEPT):
        tally.add_answer(Answer("", "", FinishReason.STOP, latency=1.0 + number, time_to_first_token=0.5))
    told = values(node(tally))
    assert told["answered"] == str(2 * KEPT) and told["time to first token s"] == "0.500"
    assert float(told["latency s"]) == 1 + KEPT + KEPT // 2 and float(told["longest latency s"]) == 2 * KEPT


def test_engine_that_gave_up():
    assert engine(failed="5 workers in a row failed").level == ERROR
    assert "5 workers" in engine(failed="5 workers in a row failed").message
    assert engine().level == OK


def test_engine_that_is_loading():
    assert engine(loaded=False).level == WARN and engine(loaded=True).level == OK


def test_worker_that_was_replaced(time):
    restarts = diagnostics.Restarts(time)
    assert engine(restarts.lately(0)).level == OK
    time.now = 10
    assert engine(restarts.lately(1), worker_restarts=1, loaded=False).level == WARN
    time.now = 30
    status = engine(restarts.lately(1), worker_restarts=1)
    assert status.level == WARN and "20 s ago" in status.message and values(status)["worker restarts"] == "1"
    time.now = 10 + LATELY
    assert engine(restarts.lately(1), worker_restarts=1).level == OK
    assert engine(restarts.lately(0)).level == OK  # another engine, counting from 0
    assert engine(restarts.lately(1)).level == WARN


def test_worker_without_a_sign_of_life():
    assert engine(heartbeat_age=6.0).level == WARN and "sign of life" in engine(heartbeat_age=6.0).message
    assert engine(heartbeat_age=0.3).level == OK


def test_worker_close_to_its_memory_limit():
    assert engine(limit=1000, resident_mib=950).level == WARN and engine(limit=1000, resident_mib=850).level == OK
    assert engine(limit=0, resident_mib=1e6).level == OK


def test_gpu_that_is_not_used():
    assert engine(wants_gpu=True).level == WARN and engine(wants_gpu=True, gpu_offload=True).level == OK
    assert values(engine(device="CUDA0 NVIDIA H200"))["device"] == "CUDA0 NVIDIA H200"


@pytest.mark.parametrize("celsius, level", [(50, OK), (84, OK), (85, WARN), (97, ERROR), (101, ERROR)])
def test_hot_machine(celsius, level):
    status = machine(Temperature("cpu", celsius, 85, 100), Temperature("gpu", 40))
    assert status.level == level and f"{celsius}" in status.message
    assert values(status)["cpu °C"] == f"{celsius:.1f}" and values(status)["gpu °C"] == "40.0"


def test_machine_without_limits_or_sensors():
    assert machine(Temperature("board", 99)).level == OK
    assert machine().level == OK and "no temperature" in machine().message and "power W" not in values(machine())


def test_machine_short_of_memory():
    status = machine(memory=(GIB // 4, 8 * GIB))
    assert status.level == WARN and "256 of 8192 MiB" in status.message
    assert machine(memory=(GIB, 8 * GIB)).level == OK


def test_sensors_that_hang():
    assert machine(age=31).level == WARN and machine(age=3).level == OK


def test_figures_of_the_machine():
    told = values(machine(watts=23.46, gpu_used_mib=1024.0, gpu_total_mib=8192.0))
    assert told["power W"] == "23.5" and told["GPU memory used MiB"] == "1024.0" and told["GPU memory MiB"] == "8192.0"
    assert float(told["node memory MiB"]) > 10 and told["memory MiB"] == "8192"


@pytest.fixture(scope="module")
def rig(tmp_path_factory):
    rig = Rig(tmp_path_factory.mktemp("rig"), max_image_age=0.5)
    rig.node.autostart()
    yield rig
    rig.close()


def status_of(heard, part):
    """Of a message that comes from now on."""
    heard.clear()
    message = eventually(lambda: heard and heard[-1])
    (status,) = [status for status in message.status if status.name == f"/vqa: {part}"]
    return status


def test_camera_over_dds(rig):
    """No picture yet, fresh pictures, a camera that stopped, and one that came back."""
    heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
    status = status_of(heard, "camera left")
    assert status.level == WARN and "no picture" in status.message
    left = rig.robot.camera("/left/image_raw/compressed", CompressedImage)

    def shown():
        """Its status while pictures come, and come faster than they are too old."""
        rig.publish(left, compressed(RED, rig.robot.now()))
        status = status_of(heard, "camera left")
        return status if status.level == OK else None

    for _ in range(2):
        told = values(eventually(shown))
        assert float(told["last image age s"]) >= 0 and float(told["taken Hz"]) >= 0
        eventually(lambda: status_of(heard, "camera left").level == WARN)
        assert "s old" in status_of(heard, "camera left").message


def test_failed_questions_over_dds(rig, monkeypatch):
    heard = rig.robot.listen(DiagnosticArray, "/diagnostics")
    assert status_of(heard, "node").level == OK
    rig.robot.ask("fail", images=[image(RED, rig.robot.now())])
    eventually(lambda: status_of(heard, "node").level == WARN)
    monkeypatch.setattr("glm4v_ros.nodes.tally.LATELY", 0.0)  # as after a minute
    eventually(lambda: status_of(heard, "node").level == OK)


def test_every_part_speaks(tmp_path):
    rig = start(tmp_path)
    try:
        parts = {status.name for status in rig.node.reporter.statuses()}
        assert parts == {
            f"/vqa: {part}" for part in ("node", "engine", "machine", "second reader", "evidence", "camera front", "camera left")
        }
    finally:
        rig.close()
