"""The node vqa: answers questions about what the cameras see."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace

import rclpy
from rcl_interfaces.msg import SetParametersResult
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup, ReentrantCallbackGroup
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import ParameterException
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn
from rclpy.timer import Timer

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.second_reader import Reader
from glm4v_ros.engine.client import EngineClient
from glm4v_ros.errors import NotActive, VqaError
from glm4v_ros.machine import malloc
from glm4v_ros.nodes.activating import activate, deactivate
from glm4v_ros.nodes.configuration import Configuration, configure
from glm4v_ros.nodes.guard import guarded
from glm4v_ros.nodes.interfaces import QuestionAction, QuestionService, QuestionTopics
from glm4v_ros.nodes.lifecycle import always_answer
from glm4v_ros.nodes.parameter import Read
from glm4v_ros.nodes.parameters import Parameters
from glm4v_ros.nodes.questions import Questions
from glm4v_ros.nodes.reporter import Reporter
from glm4v_ros.nodes.shared_memory import sweep
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.nodes.spinning import spin
from glm4v_ros.nodes.tally import Tally
from glm4v_ros.nodes.warmer import Warmer
from glm4v_ros.policy.preset import find_preset
from glm4v_ros.policy.question_check import check_session_id
from glm4v_ros.reader.client import SecondReader
from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.srv import ResetSession

SUCCESS, FAILURE = TransitionCallbackReturn.SUCCESS, TransitionCallbackReturn.FAILURE


class VqaNode(LifecycleNode):
    """A lifecycle node. Configured it holds the model, active it answers; its interfaces respond from the start on.

    It runs in any executor, and no callback of it raises.
    """

    def __init__(
        self,
        make_engine: Callable[..., EngineClient] = EngineClient,
        make_reader: Callable[[ReaderConfig], Reader] = SecondReader,
        **arguments,
    ):
        self._group = ReentrantCallbackGroup()
        self._renewal = threading.Lock()  # of the activation
        self.configuration: Configuration | None = None
        self.activation: Activation | None = None
        super().__init__("vqa", **arguments)
        self.parameters = Parameters(self)
        self.trouble = ""  # why it is not active although it should be
        self.tally = Tally()
        self._make_engine, self._make_reader = make_engine, make_reader
        self._warmer: Warmer | None = None
        self._warm_timer: Timer | None = None
        self._warming: Future | None = None
        # By the steady clock: a simulation that stands still or jumps does not stop the node from telling how it is.
        self._steady = Clock(clock_type=ClockType.STEADY_TIME)

        self.questions = Questions(self, self.tally, self._active)
        self.reporter = Reporter(
            self, self.parameters, self.tally, self._steady, lambda: (self.configuration, self.activation, self.trouble)
        )
        QuestionService(self, self.questions)
        QuestionTopics(self, self.questions)
        self._action = QuestionAction(self, self.questions, self.parameters["timeout"])
        self.create_service(ResetSession, "~/reset_session", guarded(self, self._on_reset_session))
        self.create_timer(malloc.GIVE_BACK_EVERY, guarded(self, malloc.give_back), clock=self._steady)
        always_answer(self)

    @property
    def default_callback_group(self) -> ReentrantCallbackGroup:
        """Reentrant: questions are answered beside each other."""
        return self._group

    def autostart(self) -> None:
        """Configures and activates; blocks until the model is loaded. The log says why if it fails."""
        try:
            if self.trigger_configure() == SUCCESS:
                self.trigger_activate()
        except Exception as error:  # a lifecycle manager was faster
            self.get_logger().warning(f"autostart: {error}; is there a lifecycle manager? then set autostart to false")

    def close(self) -> None:
        """Ends the engine, from any state and thread."""
        self._leave()
        self._unload()

    def destroy_node(self) -> None:
        self.close()
        # These two destroy_node leaves to the garbage collector, and until it comes callers still find this node.
        self._action.destroy()
        self._state_machine.destroy_when_not_in_use()
        self.reporter.close()
        super().destroy_node()

    # ---- lifecycle

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.trouble = ""
        self.parameters.in_use.add(Read.CONFIGURE)
        try:
            self.configuration = configure(self, self.parameters, self._make_engine)
            self.configuration.load(self)
        except Exception as error:
            self._unload()
            return self._failed("configure", error)
        return SUCCESS

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.trouble = ""
        self.parameters.in_use.add(Read.ACTIVATE)
        try:
            activation = activate(self, self.parameters, self.configuration, self._make_reader)
            self._begin_to_warm(activation)
            with self._renewal:
                self.activation = activation
        except Exception as error:
            self._leave()
            return self._failed("activate", error)
        return SUCCESS

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._leave()
        return SUCCESS

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        self._unload()
        return SUCCESS

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return SUCCESS

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        self.close()
        return SUCCESS

    def _failed(self, transition: str, error: Exception) -> TransitionCallbackReturn:
        text = str(error) if isinstance(error, VqaError) else f"{type(error).__name__}: {error}"
        self.trouble = f"{transition} failed: {text}"
        self.get_logger().error(self.trouble)
        return FAILURE

    def _leave(self) -> None:
        with self._renewal:
            activation, self.activation = self.activation, None
        self.parameters.in_use.discard(Read.ACTIVATE)
        if self._warm_timer:
            self.destroy_timer(self._warm_timer)
            self._warm_timer = self._warmer = None
        if activation:
            deactivate(activation)

    def _unload(self) -> None:
        configuration, self.configuration = self.configuration, None
        self.parameters.in_use.discard(Read.CONFIGURE)
        if configuration:
            configuration.close()

    # ---- parameters

    def set_parameters(self, parameter_list) -> list[SetParametersResult]:
        results = super().set_parameters(parameter_list)
        self._renew()
        return results

    def set_parameters_atomically(self, parameter_list) -> SetParametersResult:
        """The way of ``ros2 param set`` as well."""
        result = super().set_parameters_atomically(parameter_list)
        self._renew()
        return result

    def _renew(self) -> None:
        """Questions from now on have the parameters of now; those that are on their way keep theirs."""
        with self._renewal:
            if self.activation:
                self.activation = replace(self.activation, settings=self.parameters.snapshot)

    # ---- what is asked of it

    def _active(self) -> Activation:
        activation = self.activation
        if activation is None:
            raise NotActive(self.trouble or "the node is not active; activate it, or set autostart")
        return activation

    def _on_reset_session(
        self, request: ResetSession.Request, response: ResetSession.Response
    ) -> ResetSession.Response:
        try:
            activation = self._active()
            check_session_id(request.session_id)
            activation.engine.reset_session(request.session_id)
            activation.sessions.forget(request.session_id)
            response.success = True
        except VqaError as error:
            response.error_msg = str(error)
        return response

    # ---- pictures encoded ahead

    def _begin_to_warm(self, activation: Activation) -> None:
        settings = activation.settings
        warm = [camera for name, camera in activation.cameras.items() if settings[f"camera.{name}.warm"]]
        if warm and settings["warm_rate"] > 0 and not activation.witness:
            self._warmer = Warmer(activation.engine, warm, settings["warm_threshold"])
            self._warm_timer = self.create_timer(
                1.0 / settings["warm_rate"],
                guarded(self, self._on_warm),
                MutuallyExclusiveCallbackGroup(),
                clock=self._steady,
            )

    def _on_warm(self) -> None:
        activation, warmer = self.activation, self._warmer
        if activation and warmer and not len(activation.desk) and (self._warming is None or self._warming.done()):
            self._warming = activation.desk.submit(self._warm, activation, warmer)

    def _warm(self, activation: Activation, warmer: Warmer) -> None:
        """In a thread of the desk, for a picture has to be decoded."""
        settings = activation.settings
        try:
            preset = find_preset(activation.presets, settings["preset"])
            warmer.step(
                settings["max_image_age"], settings["enhance"], preset.system_prompt, settings["max_image_tokens"]
            )
        except Exception as error:
            self.get_logger().warning(f"no picture was encoded ahead: {error}", throttle_duration_sec=10.0)


def main() -> int:
    malloc.reuse_large_blocks()
    sweep()
    try:
        rclpy.init()
        node = VqaNode()
    except (RuntimeError, ParameterException) as error:  # arguments, or a file of parameters, that rclpy cannot read
        print(f"vqa: {error}", file=sys.stderr)
        return 1
    # One thread is enough, for no callback waits; MultiThreadedExecutor looks at every question that is on its way again
    # and again, each time something comes.
    executor = SingleThreadedExecutor()
    starting = threading.Thread(target=node.autostart, name="autostart", daemon=True)
    if node.parameters["autostart"]:
        starting.start()
    try:
        spin(node, executor)
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
