import argparse

import pytest

from glm4v_ros.cli import engine
from glm4v_ros.errors import BadRequest


def arguments(*words):
    parser = argparse.ArgumentParser()
    engine.add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize("words, seconds", [([], 60.0), (["--watchdog", "900"], 900.0), (["--watchdog", "0"], 0.0)])
def test_how_long_an_engine_may_stand_still(words, seconds):
    assert engine.config(arguments(*words)).watchdog_timeout == seconds


@pytest.mark.parametrize("seconds", ["-1", "nan", "inf"])
def test_a_watchdog_that_makes_no_sense(seconds):
    with pytest.raises(BadRequest, match="--watchdog"):
        engine.config(arguments("--watchdog", seconds))
