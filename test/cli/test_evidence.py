import json

import pytest
from evidence_log import MIB, fill

from glm4v_ros.evidence.log import EvidenceLog


@pytest.fixture
def directory(tmp_path):
    log = EvidenceLog(tmp_path / "evidence", MIB)
    fill(log, 2)
    log.close()
    return log.directory


def test_whole(glm4v, directory):
    code, out, err = glm4v("evidence", "verify", directory)
    assert (code, err) == (0, "") and out.startswith("2 records, 2 pictures") and out.endswith("ok\n")


def test_damaged(glm4v, directory):
    picture = next(directory.glob("*/pictures/*"))
    picture.write_bytes(b"another")
    code, out, _ = glm4v("evidence", "verify", directory)
    assert code == 1 and f"damaged: {directory}" in out and picture.name in out


def test_json_and_a_hash_noted_earlier(glm4v, directory):
    code, out, _ = glm4v("evidence", "verify", directory, "--json")
    head = json.loads(out)["head"]
    assert code == 0 and glm4v("evidence", "verify", directory, "--expect", head)[0] == 0
    code, out, _ = glm4v("evidence", "verify", directory, "--expect", "ab" * 32, "--json")
    assert code == 1 and "ab" * 32 in json.loads(out)["problems"][0]


def test_no_log(glm4v, tmp_path):
    code, _, err = glm4v("evidence", "verify", tmp_path)
    assert code == 2 and "holds no evidence log" in err
