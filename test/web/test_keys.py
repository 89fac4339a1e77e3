import os
import stat

import pytest

from glm4v_ros.errors import BadRequest
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.logins import Logins
from glm4v_ros.web.token_bucket import TokenBuckets


def test_a_file_has_no_key_in_it(tmp_path):
    path = tmp_path / "below" / "keys.json"
    ring, first = KeyRing().with_new("tablet")
    ring, second = ring.with_new("robot", per_minute=30)
    ring.save(path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    text = path.read_text()
    assert first not in text and second not in text and first != second
    again = KeyRing.load(path)
    assert again.find(first).name == "tablet" and again.find(second).per_minute == 30
    assert again.find("") is None and again.find(first + "x") is None and again.find("\ud800") is None
    fewer = again.without("tablet")
    assert fewer.find(first) is None and fewer.names == ("robot",)


def test_no_file_is_no_keys(tmp_path):
    assert len(KeyRing.load(tmp_path / "none.json")) == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"keys": [{"name": "x"}]}', '{"keys": [{"name": "x", "sha256": "short"}]}',
                                  '{"keys": [{"name": "a b", "sha256": "' + "a" * 64 + '"}]}'])  # fmt: skip
def test_a_file_that_is_broken(tmp_path, text):
    path = tmp_path / "keys.json"
    path.write_text(text)
    with pytest.raises(BadRequest, match="cannot be read"):
        KeyRing.load(path)


@pytest.mark.parametrize("name", ["", "a b", "x" * 65, "../x", "tablet"])
def test_names(name):
    ring, _ = KeyRing().with_new("tablet")
    with pytest.raises(BadRequest):
        ring.with_new(name)
    with pytest.raises(BadRequest):
        ring.without("nobody")


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_a_bucket_fills_as_time_goes_by():
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=2, clock=clock)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, pytest.approx(1.0)]
    assert buckets.take("b") == 0
    clock.now += 0.5
    assert buckets.take("a") == pytest.approx(0.5) and buckets.wait("a") == pytest.approx(0.5)
    clock.now += 0.5
    assert buckets.take("a") == 0 and buckets.take("a") > 0
    clock.now += 3600
    assert [buckets.take("a") == 0 for _ in range(3)] == [True, True, False]


def test_a_rate_of_its_own():
    clock = Clock()
    buckets = TokenBuckets(per_minute=60, burst=1, clock=clock)
    assert buckets.take("a", per_minute=6) == 0 and buckets.take("a", per_minute=6) == pytest.approx(10.0)


def test_a_login_ends_when_it_is_not_used():
    clock = Clock()
    logins = Logins(clock)
    ring, secret = KeyRing().with_new("tablet")
    token, login = logins.open(ring.find(secret))
    assert logins.find(token) is login and logins.find("other") is None
    clock.now += 11 * 3600
    assert logins.find(token) is login
    clock.now += 13 * 3600
    assert logins.find(token) is None


def test_logins_are_bounded():
    logins = Logins()
    ring, secret = KeyRing().with_new("tablet")
    first, _ = logins.open(ring.find(secret))
    for _ in range(1000):
        last, _ = logins.open(ring.find(secret))
    assert logins.find(first) is None and logins.find(last) is not None
