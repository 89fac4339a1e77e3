"""A module of this package that runs in a process of its own, with a channel to it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import glm4v_ros
from glm4v_ros.machine.channel import Channel


def start_module(module: str, environment: Mapping[str, str]) -> tuple[subprocess.Popen, Channel]:
    """A fresh interpreter runs ``module``, whose one argument is the number of the channel's descriptor there. It finds the
    very modules that this process found, however it found them. Raises OSError.
    """
    package_root = str(Path(glm4v_ros.__file__).resolve().parent.parent)
    path = dict.fromkeys([package_root, *(entry for entry in sys.path if entry)])
    channel, theirs = Channel.pair()
    try:
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", module, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=2,  # stdout is for answers
                cwd="/",  # -m puts the working directory before everything else on the module path
                env={**environment, "PYTHONPATH": os.pathsep.join(path)},
            )
    except BaseException:
        channel.close()
        raise
    return process, channel
