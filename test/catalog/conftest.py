import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from golden import glm4v9b_checkpoint as tiny  # noqa: E402

from glm4v_ros.catalog.convert import Conversion  # noqa: E402


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A tiny glm-4v-9b checkpoint in two shards, float32."""
    return tiny.write(tmp_path_factory.mktemp("checkpoint"), tiny.VARIANTS["plain"])


@pytest.fixture(scope="session")
def converted(checkpoint, tmp_path_factory):
    """The conversion of that checkpoint at the default types, done."""
    conversion = Conversion.plan(checkpoint, tmp_path_factory.mktemp("converted"))
    conversion.run()
    return conversion
