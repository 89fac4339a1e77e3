"""What Nav2's lifecycle manager does with a node, in few lines; with bond_timeout 0.0 it makes no bond."""

from __future__ import annotations

import time

from lifecycle_msgs.msg import State, Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rclpy.node import Node
from robot import wait

_LEADS_TO = {
    Transition.TRANSITION_CONFIGURE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_ACTIVATE: State.PRIMARY_STATE_ACTIVE,
    Transition.TRANSITION_DEACTIVATE: State.PRIMARY_STATE_INACTIVE,
    Transition.TRANSITION_CLEANUP: State.PRIMARY_STATE_UNCONFIGURED,
    Transition.TRANSITION_UNCONFIGURED_SHUTDOWN: State.PRIMARY_STATE_FINALIZED,
}


class LifecycleManager:
    """Waits for every answer without limit, as Nav2's does; here ``patience`` seconds, after which a test fails."""

    def __init__(self, node: Node, managed: str = "/vqa", patience: float = 30.0):
        self._change = node.create_client(ChangeState, f"{managed}/change_state")
        self._get = node.create_client(GetState, f"{managed}/get_state")
        self.patience = patience
        self.longest = 0.0  # s that an answer took
        assert self._change.wait_for_service(30) and self._get.wait_for_service(30)

    def startup(self) -> bool:
        return self.change(Transition.TRANSITION_CONFIGURE) and self.change(Transition.TRANSITION_ACTIVATE)

    def pause(self) -> bool:
        return self.change(Transition.TRANSITION_DEACTIVATE)

    def resume(self) -> bool:
        return self.change(Transition.TRANSITION_ACTIVATE)

    def reset(self) -> bool:
        return self.change(Transition.TRANSITION_DEACTIVATE) and self.change(Transition.TRANSITION_CLEANUP)

    def shutdown(self) -> bool:
        return self.reset() and self.change(Transition.TRANSITION_UNCONFIGURED_SHUTDOWN)

    def change(self, transition: int, label: str = "") -> bool:
        """Whether the node said yes and is in the state that the transition leads to."""
        request = ChangeState.Request(transition=Transition(id=transition, label=label))
        return self._call(self._change, request).success and self.state == _LEADS_TO.get(transition)

    @property
    def state(self) -> int:
        return self._call(self._get, GetState.Request()).current_state.id

    def _call(self, client, request):
        began = time.monotonic()
        response = wait(client.call_async(request), self.patience)
        self.longest = max(self.longest, time.monotonic() - began)
        return response
