"""Answers a question."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from glm4v_ros.asking.activation import Activation
from glm4v_ros.asking.inquiry import Inquiry
from glm4v_ros.asking.medicine_inquiry import MedicineInquiry
from glm4v_ros.asking.ports import Asked, Listener
from glm4v_ros.asking.reply import Reply
from glm4v_ros.asking.ticket import Ticket
from glm4v_ros.engine.answer import Delta
from glm4v_ros.errors import Canceled, EngineFailed, NotActive, OutOfMemory, VqaError
from glm4v_ros.vision.shortage import is_shortage


def ask(asked: Asked, ticket: Ticket, activation: Activation, listeners: Sequence[Listener] = ()) -> Reply:
    """Blocks until the question is answered or ends with an error, which the reply has; never raises.

    ``ticket.cancel`` ends it with Canceled, from any thread and in every stage. The error UNKNOWN is one that nobody
    foresaw. With an evidence log, the question is recorded before this returns.
    """
    try:
        with activation.desk.admit(ticket):
            return _ask(asked, ticket, activation, listeners)
    except VqaError as error:
        return Reply(ticket.request_id, asked.text, asked.session_id, error=error)


def _ask(asked: Asked, ticket: Ticket, activation: Activation, listeners: Sequence[Listener]) -> Reply:
    request = inquiry = answer = error = None
    witness = activation.witness
    try:
        request = asked.read(activation, ticket.request_id)
        request.preset.check_model(activation.model.demo and not activation.settings["allow_demo_model"])
        request.preset.check_remote(activation.is_remote)
        if witness:
            request = witness.bind(request)
        inquiry = (MedicineInquiry if request.preset.medicine_rule else Inquiry)(request, ticket, activation)
        for listener in listeners:
            listener.begin(request)
        answer = inquiry.answer(_all(listeners))
    except VqaError as raised:
        error, answer = raised, raised.answer
        if activation.desk.closed and isinstance(raised, (Canceled, EngineFailed)):
            error, answer = NotActive("the node was deactivated before the question was answered"), None
    except Exception as raised:
        error = unforeseen(raised)
    reply = Reply(ticket.request_id, asked.text, asked.session_id, answer, error, request)
    if inquiry:
        reply = replace(reply, pictures=inquiry.pictures, checked=inquiry.checked)
    if witness:
        reply = witness.record(reply, inquiry.time_left if inquiry else 0.0, activation.engine.status.device)
    if inquiry:
        for listener in listeners:
            listener.end(reply)
    return reply


def _all(listeners: Sequence[Listener]) -> Callable[[Delta], None]:
    def hear(delta: Delta) -> None:
        for listener in listeners:
            listener.hear(delta)

    return hear


def unforeseen(error: Exception) -> VqaError:
    """The error UNKNOWN, unless there was no memory."""
    if is_shortage(error):
        return OutOfMemory("the node got no memory from the system for this question; end other programs or send a smaller picture")
    return VqaError(f"internal error, please report it: {type(error).__name__}: {error}")
