"""The node web: the page and the API of `glm4v serve`, answered by the running node vqa, with its cameras live."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import rclpy
from rcl_interfaces.msg import ParameterDescriptor, ParameterType
from rclpy.clock import Clock, ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

from glm4v_ros.client import VqaClient
from glm4v_ros.errors import BadRequest, VqaError
from glm4v_ros.nodes.camera_view import CameraView
from glm4v_ros.nodes.shutdown import shut_down
from glm4v_ros.nodes.spinning import spin
from glm4v_ros.nodes.vqa_asker import VqaAsker
from glm4v_ros.nodes.vqa_watch import VqaWatch
from glm4v_ros.srv import ResetSession
from glm4v_ros.vendor import prefer_vendor
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.packages import check_packages
from glm4v_ros.web.pictures import PictureStore
from glm4v_ros.web.settings import Settings

_PERIOD = 0.2  # s between two looks at the cameras
_TEXTS = ParameterDescriptor(type=ParameterType.PARAMETER_STRING_ARRAY)
#: The parameters with their defaults; config/web.yaml explains them.
_PARAMETERS = {"vqa": "vqa", "host": "127.0.0.1", "port": 8080, "keys_file": "~/.config/glm4v_ros/serve_keys.json",
               "require_key": False, "insecure_no_key": False, "tls_cert": "", "tls_key": "", "per_minute": 120,
               "timeout": 120.0, "prompts_file": ""}  # fmt: skip


class WebNode(Node):
    """Parameters are read once, at the start. Raises BadRequest for a server that would be open to strangers."""

    def __init__(self, **arguments):
        super().__init__("web", **arguments)
        value = {name: self.declare_parameter(name, default).value for name, default in _PARAMETERS.items()}
        lists = {
            name: tuple(filter(None, self.declare_parameter(name, [""], _TEXTS).value))
            for name in ("allowed_hosts", "proxies")
        }
        self.keys = KeyRing.load(Path(os.path.expanduser(value["keys_file"])))
        self.certificate = (value["tls_cert"], value["tls_key"]) if value["tls_cert"] else None
        self.settings = Settings(
            host=value["host"], port=value["port"], keys_required=value["require_key"],
            tls=self.certificate is not None, insecure_no_key=value["insecure_no_key"], per_minute=float(value["per_minute"]), **lists,
        )  # fmt: skip
        self.settings.check()
        if self.settings.keys_required and not len(self.keys):
            raise BadRequest("there is no key yet: make one with `glm4v serve --add-key NAME`")
        self.timeout = value["timeout"]
        name = self.resolve_service_name(value["vqa"])
        self.pictures = PictureStore()
        self._client = VqaClient(self, name=value["vqa"])
        self._watch = VqaWatch(self, name)
        self._resetting = self.create_client(ResetSession, f"{name}/reset_session")
        self._views: dict[str, CameraView] = {}
        self.asker = VqaAsker(
            self._client, self._watch, self._views, self.pictures, self._reset, prompts_file=value["prompts_file"]
        )
        self.create_timer(_PERIOD, self._step, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def close(self) -> None:
        self.asker.close()
        self._client.close()
        self.pictures.close()
        for view in self._views.values():
            view.close()

    def _reset(self, session_id: str) -> None:
        self._resetting.call_async(ResetSession.Request(session_id=session_id))

    def _step(self) -> None:
        """Follows the cameras that the node vqa has, wherever their pictures come from by now."""
        topics = self._watch.cameras
        for name in [name for name, view in self._views.items() if topics.get(name) != view.topic]:
            self._views.pop(name).close()
        for name, topic in topics.items():
            if name not in self._views:
                self._views[name] = CameraView(self, name, topic)
        for view in self._views.values():
            view.step()


def main() -> int:
    prefer_vendor()
    try:
        check_packages()
        rclpy.init(signal_handler_options=SignalHandlerOptions.NO)  # the server ends in order, then all else
        node = WebNode()
    except (RuntimeError, VqaError) as error:
        print(f"web: {error}", file=sys.stderr)
        return 1
    from glm4v_ros.web import server
    from glm4v_ros.web.app import make_app

    executor = SingleThreadedExecutor()
    spinning = threading.Thread(target=spin, args=(node, executor), name="spin", daemon=True)
    try:
        listening = server.listen(node.settings)
        app = make_app(node.asker, node.pictures, node.settings, node.keys, timeout=node.timeout)
        address = f"http{'s' * node.settings.tls}://{node.settings.host}:{listening.getsockname()[1]}"
        running = server.make_server(
            app, node.settings, certificate=node.certificate,
            on_started=lambda: node.get_logger().info(f"the page is at {address}"),
        )  # fmt: skip
        spinning.start()
        server.run(running, listening)
    except VqaError as error:
        node.get_logger().fatal(str(error))
        return 1
    finally:
        node.close()
        shut_down()
        if spinning.ident:
            spinning.join(5.0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
