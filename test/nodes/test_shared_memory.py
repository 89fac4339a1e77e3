import fcntl
import os
import time

import pytest

from glm4v_ros.nodes.shared_memory import sweep


def leave(directory, name: str, lock: str, age: float = 60.0):
    """A segment or port as Fast DDS leaves it, made ``age`` seconds ago; its lock file."""
    for path in (directory / name, directory / f"{name}{lock}", directory / f"sem.{name}_mutex"):
        path.write_bytes(b"")
        os.utime(path, (time.time() - age,) * 2)
    return directory / f"{name}{lock}"


@pytest.mark.parametrize("name", ["fastrtps_05982d48c962cc35", "fastrtps_port7411"])
@pytest.mark.parametrize("lock", ["_el", "_sl"])
def test_what_nobody_holds_goes_and_what_somebody_holds_stays(tmp_path, name, lock):
    with leave(tmp_path, name, lock).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert sweep(tmp_path) == [] and len(list(tmp_path.iterdir())) == 3
    assert sweep(tmp_path) == [name] and not list(tmp_path.iterdir())


def test_a_port_that_is_held_by_one_of_its_locks_stays(tmp_path):
    leave(tmp_path, "fastrtps_port7411", "_el")
    with leave(tmp_path, "fastrtps_port7411", "_sl").open() as held:
        fcntl.flock(held, fcntl.LOCK_SH)
        assert sweep(tmp_path) == []


def test_what_was_made_just_now_may_not_be_locked_yet(tmp_path):
    leave(tmp_path, "fastrtps_05982d48c962cc35", "_el", age=0.0)
    assert sweep(tmp_path) == []


def test_files_of_others_stay(tmp_path):
    for name in ("fastrtps_notes_el", "sem.other", "psm_05982d48", "fastrtps_05982d48c962cc35"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (0, 0))
    assert sweep(tmp_path) == [] and len(list(tmp_path.iterdir())) == 4
    assert sweep(tmp_path / "missing") == []
