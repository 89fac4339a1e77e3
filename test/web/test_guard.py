"""Who may come in, with what, how often; and what the log says of it."""

import json
import logging
import re
import time

import pytest
from messages import PATIENCE, chat, png
from served import scripted, serving

from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.settings import Settings

CHAT = "/v1/chat/completions"
PROTECTED = (("GET", "/v1/models"), ("GET", "/v1/state"), ("GET", "/metrics"), ("GET", "/v1/cameras"), ("POST", CHAT),
             ("POST", "/v1/decisions"), ("POST", "/v1/responses"), ("POST", "/v1/pictures"), ("GET", f"/v1/pictures/{'a' * 64}"),
             ("DELETE", "/v1/sessions/x"), ("GET", "/nothing"))  # fmt: skip


@pytest.fixture(scope="module")
def keyed(nano):
    """A server that asks for a key, with two of them."""
    keys, first = KeyRing().with_new("first")
    keys, second = keys.with_new("second")
    with serving(scripted(nano), nano, Settings(keys_required=True), keys) as served:
        served.first, served.second = first, second
        yield served


def logged(caplog, count: int) -> list[dict]:
    """The access log's lines, each of which is written once its answer is on its way."""
    deadline = time.monotonic() + PATIENCE
    while True:
        lines = [json.loads(record.message) for record in list(caplog.records) if record.name == "glm4v_ros.web.access"]
        if len(lines) >= count:
            return lines
        assert time.monotonic() < deadline, lines
        time.sleep(0.01)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_security_headers_are_on_everything(web):
    for path, status in (("/", 200), ("/static/app.js", 200), ("/health", 200), ("/nothing", 404), ("/v1/models", 200)):
        headers = web.request("GET", path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "access-control-allow-origin" not in headers and "server" not in headers


def test_a_picture_that_is_looked_at_runs_nothing(web):
    key = web.request("POST", "/v1/pictures", png(1)).json["sha256"]
    assert web.request("GET", f"/v1/pictures/{key}").headers["content-security-policy"] == "default-src 'none'; sandbox"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "", "localhost@evil.example"]
)
def test_another_name_for_this_server_is_refused(web, host):
    """A page from elsewhere can give its own name our address."""
    assert web.request("GET", "/v1/models", headers={"Host": host}).status == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:9", "[::1]:8080"])
def test_this_machines_own_names(web, host):
    assert web.request("GET", "/v1/models", headers={"Host": host}).status == 200


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"},
                                     {"Origin": "http://127.0.0.1:1"}, {"Sec-Fetch-Site": "same-site"}])  # fmt: skip
def test_another_sites_page_may_not_ask(web, headers):
    """Not even without a key: a visitor's browser must be no way into a server that only this machine reaches."""
    answered = web.request("POST", CHAT, json.dumps(chat()).encode(), {"Content-Type": "application/json", **headers})
    assert answered.status == 403 and not web.engine.questions


def test_the_pages_own_requests(web):
    own = {"Origin": web.address, "Sec-Fetch-Site": "same-origin"}
    assert web.post(CHAT, chat(), own).status == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert web.request("GET", "/", headers=link).status == 200  # somebody followed a link
    assert web.request("GET", "/v1/models", headers=link).status == 403


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/static/../page.py", "/static/%2e%2e/page.py", "/static//etc/passwd",
                                  "/static/..%2fpage.py", "/static/vendor", "/static/", "/static/vendor/LICENSE-htm.txt",
                                  f"/v1/pictures/{'.' * 64}", "/static/index.html%00.js"])  # fmt: skip
def test_no_path_of_a_request_becomes_a_path_of_a_file(web, path):
    answered = web.request("GET", path)
    assert answered.status == 404 and answered.error["code"] == "not_found"


def test_without_a_key_nothing_but_the_page(keyed):
    for method, path in PROTECTED:
        answered = keyed.request(method, path)
        assert answered.status == 401 and answered.error["code"] == "invalid_api_key", path
        assert answered.headers["www-authenticate"] == "Bearer"
    for path in ("/", "/static/app.js", "/health", "/ready", "/login", "/openapi.json"):
        assert keyed.request("GET", path).status == 200, path
    assert not keyed.engine.questions


def test_a_key_opens_what_is_its_own(keyed):
    """Pictures and sessions of one are not those of another."""
    picture = keyed.request("POST", "/v1/pictures", png(9), bearer(keyed.first)).json["sha256"]
    assert keyed.request("GET", f"/v1/pictures/{picture}", headers=bearer(keyed.first)).status == 200
    assert keyed.request("GET", f"/v1/pictures/{picture}", headers=bearer(keyed.second)).status == 404
    for key in (keyed.first, keyed.second):
        assert keyed.post(CHAT, chat(glm4v={"session": "same name"}), bearer(key)).status == 200
    (one, _), (other, _) = keyed.engine.questions[-2:]
    assert one.session_id != other.session_id


def test_the_page_takes_a_key_once(keyed):
    assert keyed.request("GET", "/login").json["required"] and keyed.request("GET", "/login").json["csrf"] is None
    assert keyed.post("/login", {"key": "wrong"}).status == 401
    logged_in = keyed.post("/login", {"key": keyed.first})
    cookie = logged_in.headers["set-cookie"]
    assert "httponly" in cookie.lower() and "samesite=strict" in cookie.lower() and keyed.first not in cookie
    headers = {"Cookie": cookie.partition(";")[0]}
    assert keyed.request("GET", "/v1/models", headers=headers).status == 200  # as an <img> asks
    assert keyed.request("GET", "/login", headers=headers).json["csrf"] == logged_in.json["csrf"]
    without = keyed.post(CHAT, chat(), headers)
    assert without.status == 403 and without.error["code"] == "csrf"
    assert keyed.post(CHAT, chat(), {**headers, "X-CSRF-Token": logged_in.json["csrf"]}).status == 200
    assert keyed.request("DELETE", "/login", headers=headers).status == 204
    assert keyed.request("GET", "/v1/models", headers=headers).status == 401


def test_keys_cannot_be_guessed(nano):
    """After a few wrong ones an address is made to wait, and so is its right key: else the wait would tell which it is."""
    keys, secret = KeyRing().with_new("only")
    with serving(scripted(nano), nano, Settings(keys_required=True, proxies=("127.0.0.1",)), keys) as served:

        def tried(key, address):
            return served.request("GET", "/v1/models", headers={**bearer(key), "X-Forwarded-For": address}).status

        seen = [tried(f"glm4v-{number}", "10.0.0.1") for number in range(40)]
        assert set(seen) == {401, 429} and seen.count(401) <= 22
        assert tried(secret, "10.0.0.1") == 429
        assert tried(secret, "10.0.0.2") == 200
        assert served.request("POST", "/login", {"key": secret}, {"X-Forwarded-For": "10.0.0.1"}).status == 429


def test_too_many_questions(nano):
    with serving(scripted(nano), nano, Settings(per_minute=6.0, burst=3)) as served:
        statuses = [served.post(CHAT, chat()).status for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        late = served.post(CHAT, chat())
        assert late.error["code"] == "rate_limit_exceeded" and 1 <= int(late.headers["retry-after"]) <= 10
        assert served.request("GET", "/v1/models").status == 200


def test_a_body_may_be_only_so_large(nano):
    with serving(scripted(nano), nano, Settings(most_body=100_000)) as served:
        large = b"x" * 100_001
        assert served.request("POST", "/v1/pictures", large).status == 413
        assert served.request("POST", "/v1/pictures", (large[i : i + 1000] for i in range(0, len(large), 1000)),
                              {"Transfer-Encoding": "chunked"}).status == 413  # fmt: skip
        assert served.request("POST", "/v1/pictures", png(1)).status == 201


def test_bodies_together_may_be_only_so_large(nano):
    with serving(scripted(nano), nano, Settings(most_bodies=50_000)) as served:
        refused = served.request("POST", "/v1/pictures", b"x" * 50_001)
        assert refused.status == 503 and refused.error["code"] == "busy"
        for _ in range(3):  # what was held is given back
            assert served.request("POST", "/v1/pictures", png(1, 100, 100)).status in (200, 201)


def test_x_forwarded_for_is_believed_of_named_proxies_alone(nano, caplog):
    caplog.set_level(logging.INFO, "glm4v_ros.web.access")
    with serving(scripted(nano), nano) as served:
        served.request("GET", "/health", headers={"X-Forwarded-For": "1.2.3.4"})
    with serving(scripted(nano), nano, Settings(proxies=("127.0.0.0/8", "10.0.0.1"))) as served:
        served.request("GET", "/health", headers={"X-Forwarded-For": "6.6.6.6, 1.2.3.4, 10.0.0.1"})
        served.request("GET", "/health", headers={"X-Forwarded-For": "rubbish"})
    assert [line["client"] for line in logged(caplog, 3)] == ["127.0.0.1", "1.2.3.4", "rubbish"]


def test_the_log_has_no_pictures_questions_or_keys(keyed, caplog):
    caplog.set_level(logging.DEBUG)
    key = keyed.request("POST", "/v1/pictures", png(4), bearer(keyed.first)).json["sha256"]
    keyed.post(CHAT, chat("my secret question", glm4v={"session": "secret-session"}), bearer(keyed.first))
    keyed.request("GET", f"/v1/pictures/{key}?secret=1", headers=bearer(keyed.first))
    keyed.request("GET", "/secret/path", headers=bearer("glm4v-secret-guess"))
    lines = logged(caplog, 4)
    text = caplog.text
    assert "secret" not in text and key not in text and keyed.first not in text
    assert [(one["route"], one["status"], one["key"]) for one in lines] == [
        ("/v1/pictures", 201, "first"), (CHAT, 200, "first"), ("/v1/pictures/{key}", 200, "first"), ("other", 401, ""),
    ]  # fmt: skip


def test_metrics(web):
    web.post(CHAT, chat())
    web.post(CHAT, chat("fail"))
    text = web.request("GET", "/metrics").body.decode()
    for line in ('glm4v_questions_total{outcome="answered"}', 'glm4v_questions_total{outcome="engine_failed"}',
                 'glm4v_http_requests_total{route="/v1/chat/completions",status="200"}', "glm4v_ready 1.0",
                 "glm4v_questions_capacity 24.0"):  # fmt: skip
        assert re.search(f"^{re.escape(line)}", text, re.M), line
