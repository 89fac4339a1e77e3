"""A node's parameters: declared once, checked, and read as one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Any

from rcl_interfaces.msg import (
    FloatingPointRange,
    IntegerRange,
    ParameterDescriptor,
    SetParametersResult,
)
from rclpy.exceptions import (
    InvalidParameterTypeException,
    InvalidParameterValueException,
    ParameterUninitializedException,
)
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from glm4v_ros.errors import BadRequest

UNLIMITED = 2**31 - 1
_STRINGS = RosParameter.Type.STRING_ARRAY


class Read(Enum):
    """When a parameter is read. While that would come too late, setting it to another value is refused."""

    ALWAYS = ("", "")
    ACTIVATE = ("Read on activate.", "deactivate, set it, activate")
    CONFIGURE = ("Read on configure.", "deactivate, cleanup, set it, configure, activate")
    START = ("Read at start.", "start the node with it")

    def __init__(self, said: str, remedy: str):
        self.said = said
        self.remedy = remedy


@dataclass(frozen=True)
class Parameter:
    """A ROS parameter; its type is its default's."""

    name: str
    default: Any
    description: str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    read: Read = Read.ALWAYS

    @property
    def about(self) -> str:
        return " ".join(filter(None, (self.description, self.read.said)))

    @property
    def descriptor(self) -> ParameterDescriptor:
        descriptor = ParameterDescriptor(description=self.about)
        if self.choices:
            descriptor.additional_constraints = "one of " + ", ".join(self.choices)
        if isinstance(self.default, float):
            descriptor.floating_point_range = [FloatingPointRange(from_value=self.minimum, to_value=self.maximum)]
        elif isinstance(self.default, int) and not isinstance(self.default, bool):
            descriptor.integer_range = [IntegerRange(from_value=self.minimum, to_value=self.maximum)]
        return descriptor

    @property
    def bounds(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.maximum is None:
            return ""
        return f"{self.minimum} or more" if self.maximum in (UNLIMITED, 1e9) else f"{self.minimum} to {self.maximum}"


class Declared:
    """Parameters of a node: ``declared["max_tokens"]`` is the value of now.

    One that was given wrongly at start has its default and is told by ``check`` until it is set rightly.
    """

    def __init__(self, node: Node, table: list[Parameter]):
        self.in_use: set[Read] = {Read.START}  # what was read and would not be read again now
        self._node = node
        self._table: dict[str, Parameter] = {}
        self._wrong: dict[str, str] = {}
        node.add_on_set_parameters_callback(self._check)
        self.declare(table)

    def __getitem__(self, name: str) -> Any:
        return self._node.get_parameter(name).value

    def check(self) -> None:
        """Raises BadRequest with what was given wrongly at start."""
        if self._wrong:
            raise BadRequest("; ".join(self._wrong.values()))

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """All of them as they are now."""
        return MappingProxyType({name: self[name] for name in self._table})

    def declare(self, table: list[Parameter]) -> None:
        """Those that are not declared yet."""
        for parameter in table:
            name = parameter.name
            self._table[name] = parameter
            if self._node.has_parameter(name):
                continue
            try:
                self._node.declare_parameter(name, parameter.default, parameter.descriptor)
            except (InvalidParameterTypeException, InvalidParameterValueException) as error:
                self._node.declare_parameter(name, parameter.default, parameter.descriptor, ignore_override=True)
                self._wrong[name] = f"parameter {name}: {error}"
            try:
                self[name]
            except ParameterUninitializedException:  # what rclpy makes of an empty list in a file
                empty = isinstance(parameter.default, list)
                value = RosParameter(name, _STRINGS, []) if empty else RosParameter(name, value=parameter.default)
                self._node.set_parameters([value])

    def _check(self, parameters) -> SetParametersResult:
        for parameter in parameters:
            if reason := self._objection(parameter.name, parameter.value):
                return SetParametersResult(reason=reason)
        for parameter in parameters:
            self._wrong.pop(parameter.name, None)
        return SetParametersResult(successful=True)

    def _objection(self, name: str, value: Any) -> str:
        """Why it cannot be set to this value now; empty: it can."""
        parameter = self._table.get(name)
        if parameter is None:
            return ""
        if parameter.choices and value not in parameter.choices:
            return f"{name} is one of {', '.join(parameter.choices)}, not '{value}'"
        if objection := self.objection(name, value):
            return objection
        if parameter.read in self.in_use and self._node.has_parameter(name) and self[name] != value:
            return f"{name} is {parameter.read.said[0].lower()}{parameter.read.said[1:-1]}: {parameter.read.remedy}"
        return ""

    def objection(self, name: str, value: Any) -> str:
        """Why it can never be set to this value; empty: it can. For what a table does not say."""
        return ""
