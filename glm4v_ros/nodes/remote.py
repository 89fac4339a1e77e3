"""The remote engine as the node vqa has it: parameters, warning and diagnostics."""

from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from rclpy.node import Node

from glm4v_ros.engine.client import EngineClient
from glm4v_ros.errors import BadRequest
from glm4v_ros.nodes.parameter import Parameter, Read
from glm4v_ros.remote.config import ENCODINGS, KEY_VARIABLE, RemoteConfig, read_key
from glm4v_ros.remote.engine import RemoteEngine

# fmt: off
REMOTE = [
    Parameter("engine", "local", "Where questions are answered: local, by the model on this robot; remote, by the server remote_url, to "
              "which their pictures then go. docs/remote.md says under what terms.", choices=("local", "remote"), read=Read.CONFIGURE),
    Parameter("remote_url", "", "Address of a server that speaks OpenAI's API (vLLM, SGLang, llama-server, glm4v serve): "
              "https://HOST[:PORT][/v1]; http only on this machine.", read=Read.CONFIGURE),
    Parameter("remote_model", "", "The model's name there.", read=Read.CONFIGURE),
    Parameter("remote_key_file", "", "File whose first line is the server's key; empty: the environment's " + KEY_VARIABLE
              + ", if any. The key itself is no parameter, since everybody can read those.", read=Read.CONFIGURE),
    Parameter("remote_fallback", "none", "What happens when the server fails before the first word: none, an error; local, the model "
              "on this robot answers, which is loaded as well.", choices=("none", "local"), read=Read.CONFIGURE),
    Parameter("remote_patience", 30.0, "Seconds without a byte from the server after which it has failed.", 0.1, 3600.0,
              read=Read.CONFIGURE),
    Parameter("remote_encoding", "jpeg", "How pictures are sent: jpeg (quality 92), or png, which loses nothing and is several times "
              "as large.", choices=ENCODINGS, read=Read.CONFIGURE),
    Parameter("evidence_remote", False, "With an evidence log: let a remote engine answer, whose model nobody here can hash; records then "
              "have its address and name in place of hashes. false: the node is not configured.", read=Read.CONFIGURE),
]
# fmt: on


def remote_config(parameters) -> RemoteConfig | None:
    """None: the engine is on this robot. Raises BadRequest."""
    if parameters["engine"] != "remote":
        return None
    if parameters["evidence.directory"] and not parameters["evidence_remote"]:
        raise BadRequest(
            "there is an evidence log, and engine is remote: what answers cannot be told by a hash. Set evidence_remote to "
            "have its address and name recorded instead, or engine to local"
        )
    return RemoteConfig(
        url=parameters["remote_url"],
        model_id=parameters["remote_model"],
        key=read_key(parameters["remote_key_file"]),
        patience=parameters["remote_patience"],
        encoding=parameters["remote_encoding"],
        image_max_tokens=parameters["image_max_tokens"],
        max_parallel=parameters["max_parallel"],
        max_queue=parameters["max_queue"],
        session_idle_s=parameters["session_idle"],
    )


def warn(node: Node, engine: EngineClient | RemoteEngine) -> None:
    """At every activation: nobody should learn by chance that pictures leave the robot."""
    if isinstance(engine, RemoteEngine) and not engine.config.loopback:
        node.get_logger().warning(leaving(engine.config))


def leaving(config: RemoteConfig) -> str:
    return f"PICTURES LEAVE THIS ROBOT: questions are answered by {config.model_id} at {config.base_url} (engine: remote)"


def remote_status(name: str, engine: RemoteEngine) -> DiagnosticStatus:
    config, breaker, connection = engine.config, engine.breaker, engine.connection
    state = breaker.state
    if connection.failed:
        level, text = DiagnosticStatus.ERROR, connection.failed
    elif breaker.failures:
        level, text = DiagnosticStatus.WARN, f"the server has failed {breaker.failures} times in a row: {breaker.last_error}"
    elif not config.loopback:
        level, text = DiagnosticStatus.WARN, leaving(config)
    else:
        level, text = DiagnosticStatus.OK, f"{config.model_id} at {config.base_url}"
    return DiagnosticStatus(
        level=level,
        name=f"{name}: remote",
        message=text,
        values=[
            KeyValue(key=key, value=str(value))
            for key, value in (
                ("url", config.base_url),
                ("model", config.model_id),
                ("circuit breaker", state),
                ("failures in a row", breaker.failures),
                ("next try in s", f"{breaker.rest_left:.1f}"),
                ("last error", breaker.last_error),
                ("questions sent", engine.sent),
                ("taken over by the local model", engine.taken_over),
                ("fallback", "local" if engine.local else "none"),
                ("running", connection.running),
                ("queue", connection.queue_length),
                ("process pid", connection.worker_pid),
                ("process restarts", connection.worker_restarts),
                ("process memory MiB", f"{connection.resident_mib:.0f}"),
            )
        ],
    )
