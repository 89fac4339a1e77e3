"""The node vqa: answers questions about what the cameras see."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidParameterTypeException, InvalidParameterValueException
from rclpy.executors import ExternalShutdownException
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from rclpy.timer import Timer
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import String

from glm4v_ros.action import AskImage as AskImageAction
from glm4v_ros.catalog.catalog import Catalog, model_of
from glm4v_ros.catalog.model import Model
from glm4v_ros.catalog.verify import require_sound
from glm4v_ros.engine.answer import Delta
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.errors import Busy, Canceled, EngineFailed, NotActive, VqaError
from glm4v_ros.machine import malloc
from glm4v_ros.machine.sensors import Sensors
from glm4v_ros.msg import Answer, Question
from glm4v_ros.nodes.camera import Camera
from glm4v_ros.nodes.diagnostics import (
    Restarts,
    camera_status,
    engine_status,
    evidence_status,
    machine_status,
    node_status,
)
from glm4v_ros.nodes.evidence import Witness
from glm4v_ros.nodes.executor import NodeExecutor
from glm4v_ros.nodes.feedback import Feedback
from glm4v_ros.nodes.inquiry import Inquiry, Surroundings
from glm4v_ros.nodes.medicine_inquiry import MedicineInquiry
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.requests import Request, read_request
from glm4v_ros.nodes.responses import answer_message, fill_response, refusal
from glm4v_ros.nodes.service_manager import ServiceManager
from glm4v_ros.nodes.sessions import Sessions
from glm4v_ros.nodes.shared_memory import sweep
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.nodes.tally import Tally
from glm4v_ros.nodes.voice import Voice
from glm4v_ros.nodes.warmer import Warmer
from glm4v_ros.policy.preset import Preset, find_preset, load_presets
from glm4v_ros.srv import AskImage, ResetSession

# A flood of requests is refused one by one as BUSY; a shorter history would lose them without a word.
REQUEST_QOS = QoSProfile(history=HistoryPolicy.KEEP_ALL, reliability=ReliabilityPolicy.RELIABLE)
RELIABLE_QOS = QoSProfile(history=HistoryPolicy.KEEP_LAST, depth=10, reliability=ReliabilityPolicy.RELIABLE)
GPU_DEVICES = ("/dev/nvidia0", "/dev/nvhost-gpu", "/dev/nvgpu/igpu0", "/dev/kfd")  # NVIDIA, Jetson, AMD
RESULT_TIMEOUT = 10  # s that a goal's result is kept for a client that has not asked for it yet; rclpy's default is 900


class VqaNode(LifecycleNode):
    """A lifecycle node. Configured it holds the model, active it answers; its interfaces respond from the start on."""

    def __init__(self, make_engine: Callable[..., EngineClient] = EngineClient, **arguments):
        self._group = ReentrantCallbackGroup()
        super().__init__("vqa", **arguments)
        self.parameters = Parameters(self)
        self._make_engine = make_engine
        self._engine: EngineClient | None = None
        self._model: Model | None = None
        self._presets: dict[str, Preset] = {}
        self._active: Surroundings | None = None
        self._witness: Witness | None = None
        self._inquiries: dict[str, Inquiry] = {}
        self._goals: dict[bytes, Inquiry | None] = {}  # None: canceled before its inquiry began
        self._warmer: Warmer | None = None
        self._warm_timer: Timer | None = None
        self._tally = Tally()
        self._restarts = Restarts()
        self._sensors = Sensors()
        self._service_manager = ServiceManager(self, self._lasting_trouble)
        self._trouble = ""

        self._answers = self.create_publisher(Answer, "~/answers", RELIABLE_QOS)
        self._answer_text = self.create_publisher(String, "~/answer_text", RELIABLE_QOS)
        self._answer_image = self.create_publisher(CompressedImage, "~/answer_image/compressed", RELIABLE_QOS)
        self._voice = Voice(self)
        self._diagnostics = self.create_publisher(DiagnosticArray, "/diagnostics", RELIABLE_QOS)
        self.create_service(AskImage, "~/ask_image", self._on_ask_image, qos_profile=REQUEST_QOS)
        self.create_service(ResetSession, "~/reset_session", self._on_reset_session)
        self._action = ActionServer(
            self,
            AskImageAction,
            "~/ask_image_stream",
            self._on_goal,
            cancel_callback=self._on_cancel,
            callback_group=self._group,
            goal_service_qos_profile=REQUEST_QOS,
            cancel_service_qos_profile=REQUEST_QOS,
            result_service_qos_profile=REQUEST_QOS,
            result_timeout=RESULT_TIMEOUT,
        )
        self.create_subscription(Question, "~/question", self._on_question, RELIABLE_QOS)
        self.create_subscription(String, "~/question_text", self._on_question_text, RELIABLE_QOS)
        # By the steady clock: a simulation that stands still or jumps does not stop the node from telling how it is.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(self.parameters["diagnostics_period"], self._on_timer, clock=self._steady)
        self.create_timer(malloc.GIVE_BACK_EVERY, malloc.give_back, clock=self._steady)

    @property
    def default_callback_group(self) -> ReentrantCallbackGroup:
        """Reentrant, so that get_state and everything else is answered while configure loads the model."""
        return self._group

    def autostart(self) -> None:
        """Configures and activates; blocks until the model is loaded. The log says why if it fails."""
        if self.trigger_configure() == TransitionCallbackReturn.SUCCESS:
            self.trigger_activate()

    def close(self) -> None:
        """Ends the engine, from any state and thread."""
        self._leave()
        self._unload()

    def destroy_node(self) -> None:
        self.close()
        # These two destroy_node leaves to the garbage collector, and until it comes callers still find this node.
        self._action.destroy()
        self._state_machine.destroy_when_not_in_use()
        self._sensors.close()
        super().destroy_node()

    # ---- lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._trouble = ""
        try:
            self.parameters.declare_cameras()
            self._presets = load_presets(self.parameters["prompts_file"] or None)
            self._model = self._find_model()
            if self.parameters["verify_model"]:
                require_sound(self._model)
            self.get_logger().info(f"loading {self._model.name}: {self._model.text_path}, {self._model.vision_path}")
            if log := self.parameters.evidence_log():
                self.get_logger().info(f"every answer and its pictures are recorded in {log.directory}")
                self._witness = Witness(log, self._model)
            self._engine = self._make_engine(self.parameters.engine_config(self._model))
            self._engine.start(self._log_progress())
            if self._witness:
                self._witness.hash_model()
        except Exception as error:
            return self._failed(f"configure failed: {_text_of(error)}")
        status = self._engine.status
        self.get_logger().info(f"{self._model.name} is loaded and runs on {status.device}")
        if self._wants_gpu and not status.gpu_offload:
            self.get_logger().warning(
                "there is a GPU, but the model runs on the CPU ONLY: build llama-cpp-python for the GPU "
                "(GLM4V_CUDA=1 make setup), or set gpu_layers to 0 if this is meant"
            )
        return TransitionCallbackReturn.SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        parameters = self.parameters
        self._trouble = ""
        try:
            self._engine.start()  # it may have given up since
        except VqaError as error:
            self._trouble = f"activate failed: {error}"
            self.get_logger().error(self._trouble)
            return TransitionCallbackReturn.FAILURE
        cameras = {
            name: Camera(
                self, name, *(parameters[f"camera.{name}.{field}"] for field in ("topic", "transport", "stamp_source"))
            )
            for name in parameters["cameras"]
        }
        self._active = Surroundings(
            self.executor, self._engine, self._model, cameras, Sessions(parameters["session_idle"]), self._witness
        )
        for camera in cameras.values():
            self.get_logger().info(f"camera {camera.name}: {camera.topic}")
        warm = [camera for name, camera in cameras.items() if parameters[f"camera.{name}.warm"]]
        if warm and parameters["warm_rate"] > 0 and not self._witness:
            self._warmer = Warmer(self._engine, warm, parameters["warm_threshold"])
            self._warm_timer = self.create_timer(
                1.0 / parameters["warm_rate"], self._on_warm, MutuallyExclusiveCallbackGroup(), clock=self._steady
            )
        return super().on_activate(state)

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._leave()
        return super().on_deactivate(state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._unload()
        return TransitionCallbackReturn.SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return TransitionCallbackReturn.SUCCESS

    def _find_model(self) -> Model:
        name, vision = self.parameters["model"], self.parameters["vision_model"]
        if vision:
            return model_of(name, vision)
        return Catalog.load(self.parameters["models_file"] or None).model(name)

    @property
    def _wants_gpu(self) -> bool:
        layers = self.parameters["gpu_layers"]
        return layers > 0 or (layers < 0 and any(map(os.path.exists, GPU_DEVICES)))

    def _log_progress(self) -> Callable[[float], None]:
        logged = 0

        def log(fraction: float) -> None:
            nonlocal logged
            percent = int(fraction * 10) * 10
            if percent > logged:
                logged = percent
                self.get_logger().info(f"loading {self._model.name}: {percent} %")

        return log

    def _failed(self, trouble: str) -> TransitionCallbackReturn:
        self._unload()
        self._trouble = trouble
        self.get_logger().error(trouble)
        return TransitionCallbackReturn.FAILURE

    def _leave(self) -> None:
        """Lets no further question in and ends those that are on their way."""
        around, self._active = self._active, None
        if self._warm_timer:
            self.destroy_timer(self._warm_timer)
            self._warm_timer = None
        for inquiry in tuple(self._inquiries.values()):
            inquiry.cancel()
        if around:
            for camera in around.cameras.values():
                camera.close()

    def _unload(self) -> None:
        engine, self._engine = self._engine, None
        if engine:
            engine.close()
        witness, self._witness = self._witness, None
        if witness:
            witness.close()

    # ---- questions

    async def ask(
        self,
        message: AskImage.Request | AskImageAction.Goal | Question,
        on_delta: Callable[[Delta], None] | None = None,
        goal_id: bytes | None = None,
    ) -> tuple[Answer, VqaError | None]:
        """Answers, publishes the answer, and returns it with the error if there was one; never raises."""
        question = message.text if isinstance(message, Question) else message.question
        around = self._active
        inquiry = answer = error = speech = None
        try:
            if around is None:
                raise NotActive(self._trouble or "the node is not active; activate it, or set autostart")
            request = read_request(message, self.parameters, self._presets)
            request.preset.check_model(around.model.demo and not self.parameters["allow_demo_model"])
            if around.witness:
                request = around.witness.bind(request)
            inquiry = self._admit(request, around, goal_id)
            if request.speak:
                speech = self._voice.claim(
                    inquiry.request_id, request.question.priority, request.preset.spoken_whole, inquiry.cancel
                )
            answer = await inquiry.answer(_both(on_delta, speech))
        except VqaError as raised:
            error, answer = raised, raised.answer
            if around and around is not self._active and isinstance(raised, (Canceled, EngineFailed)):
                error, answer = NotActive("the node was deactivated before the question was answered"), None
        except Exception as raised:
            error = VqaError(f"internal error, please report it: {_text_of(raised)}")
            self.get_logger().error(f"a question failed for a reason that nobody foresaw: {error}")
        finally:
            if inquiry:
                del self._inquiries[inquiry.request_id]
        if inquiry is None:
            reply = refusal(question, message.session_id)
        else:
            reply = answer_message(inquiry, answer, error)
            if around.witness and (error is None or reply.text):
                reply, error = await self._record(around, inquiry, reply, error)
        if speech:
            speech.close(reply.text, error)
        if error is None:
            self._publish(inquiry, reply)
            self._tally.add_answer(answer)
        else:
            self._tally.add_error(error)
        return reply, error

    async def _record(
        self, around: Surroundings, inquiry: Inquiry, reply: Answer, error: VqaError | None
    ) -> tuple[Answer, VqaError | None]:
        """What may leave the node: the reply if the evidence log has it, else an empty one and why."""
        written = around.witness.record(inquiry, reply, error, around.engine.status.device)
        if failure := (await around.executor.wrap(written)).exception():
            self.get_logger().error(str(failure), throttle_duration_sec=10.0)
            return answer_message(inquiry, None, failure), failure
        return reply, error

    @property
    def _most_inquiries(self) -> int:
        return self.parameters["max_parallel"] + self.parameters["max_queue"]

    def _admit(self, request: Request, around: Surroundings, goal_id: bytes | None) -> Inquiry:
        limit = self._most_inquiries
        if len(self._inquiries) >= limit:
            raise Busy(
                f"{limit} questions are on their way already (max_parallel and max_queue)",
                retry_after=around.engine.retry_after,
            )
        inquiry = (MedicineInquiry if request.preset.medicine_rule else Inquiry)(request, around)
        self._inquiries[inquiry.request_id] = inquiry
        if goal_id is not None:
            if goal_id in self._goals:
                inquiry.cancel()
            self._goals[goal_id] = inquiry
        return inquiry

    def _publish(self, inquiry: Inquiry, answer: Answer) -> None:
        self._answers.publish(answer)
        self._answer_text.publish(String(data=answer.text))
        if self._answer_image.get_subscription_count():
            for picture in inquiry.pictures:
                self._answer_image.publish(picture.compressed())

    async def _on_ask_image(self, request: AskImage.Request, response: AskImage.Response) -> AskImage.Response:
        return fill_response(response, *await self.ask(request))

    async def _on_goal(self, goal: ServerGoalHandle) -> AskImageAction.Result:
        goal_id, feedback = bytes(goal.goal_id.uuid), Feedback(goal)
        try:
            answer, error = await self.ask(goal.request, feedback, goal_id)
            feedback.flush()
            if error is None:
                goal.succeed()
            elif isinstance(error, Canceled) and goal.is_cancel_requested:
                goal.canceled()
            else:
                goal.abort()
        finally:
            self._goals.pop(goal_id, None)
            goal.request.images, goal.request.compressed_images = [], []  # rclpy keeps the goal as long as its result
        return fill_response(AskImageAction.Result(), answer, error)

    def _on_cancel(self, goal: ServerGoalHandle) -> CancelResponse:
        if inquiry := self._goals.setdefault(bytes(goal.goal_id.uuid), None):
            inquiry.cancel()
        return CancelResponse.ACCEPT

    async def _on_question(self, question: Question) -> None:
        answer, error = await self.ask(question)
        if error:
            self.get_logger().warning(f"{error.code.name}: {error}")
            self._answers.publish(answer)

    async def _on_question_text(self, text: String) -> None:
        await self._on_question(Question(text=text.data))

    def _on_reset_session(
        self, request: ResetSession.Request, response: ResetSession.Response
    ) -> ResetSession.Response:
        around = self._active
        try:
            if around is None:
                raise NotActive("the node is not active; it holds no sessions")
            around.engine.reset_session(request.session_id)
            around.sessions.forget(request.session_id)
            response.success = True
        except VqaError as error:
            response.error_msg = str(error)
        return response

    def _on_warm(self) -> None:
        if self._inquiries or not self._active:
            return
        parameters = self.parameters
        try:
            preset = find_preset(self._presets, parameters["preset"])
            self._warmer.step(
                parameters["max_image_age"], parameters["enhance"], preset.system_prompt, parameters["max_image_tokens"]
            )
        except VqaError as error:
            self.get_logger().warning(f"no picture was encoded ahead: {error}", throttle_duration_sec=10.0)

    # ---- diagnostics

    def _lasting_trouble(self) -> str:
        """Why the engine gave up; empty: it did not. A model that cannot be loaded at all is no reason to start again."""
        engine = self._engine
        return engine.status.failed if engine else ""

    def _on_timer(self) -> None:
        around = self._active
        if around:
            around.engine.limit_memory(self.parameters["memory_limit_mib"])
        for camera in around.cameras.values() if around else ():
            camera.choose_transport()
        message = DiagnosticArray(status=list(self._statuses(around)))
        worst = max(message.status, key=lambda status: status.level)
        self._service_manager.status(f"{worst.name.partition(': ')[2]}: {worst.message}")
        message.header.stamp = self.get_clock().now().to_msg()
        self._diagnostics.publish(message)

    def _statuses(self, around: Surroundings | None) -> Iterable:
        name, parameters = self.get_fully_qualified_name(), self.parameters
        state = "active" if around else "not active"
        yield node_status(name, state, self._trouble, self._tally, len(self._inquiries), self._most_inquiries)
        if engine := self._engine:
            status, limit = engine.status, parameters["memory_limit_mib"]
            yield engine_status(name, status, self._wants_gpu, limit, self._restarts.lately(status.worker_restarts))
        yield machine_status(name, self._sensors)
        if witness := self._witness:
            yield evidence_status(name, witness)
        for camera in around.cameras.values() if around else ():
            yield camera_status(name, camera, parameters["max_image_age"])


def _both(*listeners: Callable[[Delta], None] | None) -> Callable[[Delta], None] | None:
    """One listener that calls all of them; None if there are none."""
    there = [listener for listener in listeners if listener]
    if not there:
        return None
    return lambda delta: [listener(delta) for listener in there]


def _text_of(error: Exception) -> str:
    return str(error) if isinstance(error, VqaError) else f"{type(error).__name__}: {error}"


def main() -> int:
    malloc.reuse_large_blocks()
    sweep()
    rclpy.init()
    try:
        node = VqaNode()
    except (InvalidParameterTypeException, InvalidParameterValueException) as error:
        print(f"vqa: {error}", file=sys.stderr)
        return 1
    executor = NodeExecutor(node.parameters["executor_threads"])
    executor.add_node(node)
    starting = threading.Thread(target=node.autostart, name="autostart", daemon=True)
    if node.parameters["autostart"]:
        starting.start()
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    finally:
        node.close()
        executor.shutdown(timeout_sec=0.0)
        if starting.ident:
            starting.join(5.0)  # ended by close
        node.destroy_node()  # says goodbye now: callers that still find this node ask it in vain
        shut_down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
