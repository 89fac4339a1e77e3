"""The page in a real browser, Debian's Chromium, with the embedded model."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from messages import png
from print_lines import plate
from scripted_reader import ScriptedReader
from served import scripted, serving

from glm4v_ros.reader.config import ReaderConfig
from glm4v_ros.vision.decoder import decode_file
from glm4v_ros.vision.frame import Frame
from glm4v_ros.web.keys import KeyRing
from glm4v_ros.web.print_checks import PrintChecks
from glm4v_ros.web.settings import Settings

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here: apt install chromium")
playwright = pytest.importorskip("playwright.sync_api", reason="requirements/serve.txt brings it")

PLATE = Path(__file__).parents[1] / "data" / "nameplate.png"
PATIENCE = 60_000  # ms
#: robot.test is this machine, by a name for which a browser gives no camera, clipboard or crypto over plain HTTP.
ARGUMENTS = ["--no-sandbox", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
             "--host-resolver-rules=MAP robot.test 127.0.0.1"]  # fmt: skip
#: Files into the page as a paste or a drop brings them.
SEND_FILES = """([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, bytes] of files) data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
  const event = kind === "paste" ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as library:
        browser = library.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Page:
    """What a person does on the page. Fails when the browser complains or asks another host for anything."""

    def __init__(self, chromium, address: str, **options):
        options = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}, **options}
        self.context = chromium.new_context(**options)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.complaints, self.hosts = [], set()
        self.page.on(
            "console",
            lambda message: self.complaints.append(message.text) if message.type in ("error", "warning") else None,
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on(
            "request",
            lambda request: self.hosts.add(re.match(r"(?:blob:)?\w+:(?://([^/:]+))?", request.url)[1] or "data"),
        )
        self.page.goto(address)

    def ready(self) -> Page:
        self.page.wait_for_selector(".state.good")
        return self

    def upload(self, *files: Path) -> Page:
        before = self.page.locator(".thumbs li").count()
        self.page.set_input_files("input[type=file] >> nth=0", [str(one) for one in files])
        return self.sent(before + len(files))

    def sent(self, count: int) -> Page:
        """All pictures are at the server."""
        self.page.wait_for_function(
            "count => document.querySelectorAll('.thumbs li').length === count && !document.querySelector('.thumbs .name').textContent.endsWith('...')",
            arg=count,
        )
        return self

    def ask(self, text: str) -> Page:
        self.page.fill("#question", text)
        self.page.press("#question", "Enter")
        return self

    def answer(self, number: int = 1) -> str:
        """The newest answer, once there are ``number`` complete ones."""
        self.page.wait_for_function(
            "number => document.querySelectorAll('section .turns .facts').length === number", arg=number
        )
        return self.page.inner_text("section .turn:first-child .answer")

    def close(self, host: str = "127.0.0.1", expected: str = "^$"):
        self.context.close()
        assert self.hosts <= {host, "data", None}, self.hosts
        assert not [one for one in self.complaints if not re.search(expected, one)], self.complaints


def test_upload_ask_and_the_evidence(chromium, real):
    page = Page(chromium, real.address).ready().upload(PLATE)
    assert page.ask("型号是什么?").answer() == "LVV9-70S1-9"
    facts = page.page.inner_text(".facts")
    assert re.search(r"first word [\d.]+ s · total [\d.]+ s · 432 picture tokens", facts)
    evidence = page.page.locator("section .turn figure img")
    key = evidence.get_attribute("data-sha256")
    assert real.request("GET", f"/v1/pictures/{key}").body == PLATE.read_bytes()
    assert evidence.evaluate("image => image.naturalWidth") == 672
    assert "as of" in page.page.inner_text("figcaption")
    assert page.ask("When was it made?").answer(2) == "JUL. 2024"
    assert "Follow-up" in page.page.inner_text("form")
    page.close()


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_a_picture_is_pasted_or_dropped(chromium, web, kind):
    import base64

    page = Page(chromium, web.address).ready()
    page.page.evaluate(SEND_FILES, [kind, [["one.png", base64.b64encode(png(1)).decode()]]])
    page.sent(1).ask("what?")
    assert page.answer() == web.engine.questions[0][1][0].key
    page.close()


def test_the_phones_live_camera(chromium, web):
    page = Page(chromium, web.address).ready()
    page.page.click("text=Live camera")
    page.page.click("text=Capture")
    page.sent(1).ask("what?").answer()
    ((_, (frame,)),) = web.engine.questions
    assert frame.width >= 640
    page.close()


def test_a_region_by_mouse_and_by_keys(chromium, web, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(3, 400, 300))
    page = Page(chromium, web.address).ready().upload(tmp_path / "noise.png")
    box = page.page.locator(".regional img").bounding_box()
    scale = box["width"] / 400
    page.page.mouse.move(box["x"] + 40 * scale, box["y"] + 30 * scale)
    page.page.mouse.down()
    page.page.mouse.move(box["x"] + 240 * scale, box["y"] + 180 * scale, steps=4)
    page.page.mouse.up()
    page.ask("what?").answer()
    frame = web.engine.questions[-1][1][0]
    assert abs(frame.width - 200) <= 2 and abs(frame.height - 150) <= 2
    page.page.wait_for_selector("section .turn figure .box")  # once the picture is there
    assert page.page.locator("section .turn figure .box").count() == 1
    page.page.focus(".regional")
    page.page.keyboard.press("r")  # ends the region
    page.page.wait_for_selector(".regional .box", state="detached")
    page.page.keyboard.press("r")
    page.page.keyboard.press("ArrowRight")
    page.page.keyboard.press("Shift+ArrowDown")
    page.ask("what?").answer(2)
    frame = web.engine.questions[-1][1][0]
    assert (frame.width, frame.height) == (200, 158)
    page.close()


def test_choices_have_bars(chromium, real):
    page = Page(chromium, real.address).ready().upload(PLATE)
    page.page.click("summary >> nth=0")
    page.page.fill("details textarea", "XY-12\nLVV9-70S1-9\n\nXY-12\n看不到")
    page.ask("型号是什么?")
    page.page.wait_for_selector(".choices")
    values = page.page.locator(".choices li").all_inner_texts()
    assert [value.split("\n")[0] for value in values] == ["XY-12", "LVV9-70S1-9", "看不到"]
    chosen = page.page.locator(".choices button[aria-pressed=true]")
    assert chosen.inner_text().startswith("LVV9-70S1-9") and "100.0 %" in chosen.inner_text()
    bar = chosen.locator(".bar").bounding_box()["width"] / chosen.bounding_box()["width"]
    assert bar > 0.95
    page.close()


@pytest.mark.parametrize("how", ["button", "Escape"])
def test_stop(chromium, web, tmp_path, how):
    (tmp_path / "noise.png").write_bytes(png(3))
    page = Page(chromium, web.address).ready().upload(tmp_path / "noise.png").ask("slow")
    page.page.wait_for_function("() => document.querySelector('.answer')?.textContent.includes('word word')")
    page.page.click("text=Stop") if how == "button" else page.page.keyboard.press("Escape")
    assert page.answer().startswith("word word") and "stopped" in page.page.inner_text(".facts")
    assert web.engine.idle.wait(30) and len(web.engine.cancels) == 1
    page.close()


def test_several_pictures(chromium, web, tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(number))
    page = Page(chromium, web.address).ready().upload(*(tmp_path / f"{number}.png" for number in range(3)))
    page.page.click("[aria-label='Remove 1.png']")
    page.ask("what has changed?").answer()
    assert len(web.engine.questions[0][1]) == 2 and page.page.locator("section .turn figure").count() == 2
    page.close()


@pytest.mark.parametrize(
    "line, verdict, locale, word",
    [("型号 XK-7", "confirmed", "en-GB", "confirmed by a second reader"), ("型号 XK-7", "confirmed", "zh-CN", "已由第二个识别器确认"),
     ("型号 XK-9", "contradicted", "en-GB", "a second reader read otherwise: XK-9"),
     ("", "not_found", "zh-CN", "第二个识别器没有找到"), (None, "not_checked", "en-GB", "not checked")],
)  # fmt: skip
def test_what_the_second_reader_found_is_said_and_framed(chromium, nano, tmp_path, line, verdict, locale, word):
    data = png(3, 400, 300)
    (tmp_path / "noise.png").write_bytes(data)
    key = Frame(decode_file(data, "it")).key
    reader = ScriptedReader(ReaderConfig())
    reader.prints[key] = tuple(plate(line or ""))
    checks = PrintChecks(reader)
    with serving(scripted(nano), nano, checks=checks) as served:
        question = "型号?" if line is not None else "How many lamps?"
        served.engine.says[key, question] = "XK-7"
        page = Page(chromium, served.address, locale=locale).ready().upload(tmp_path / "noise.png").ask(question)
        assert page.answer() == "XK-7" and page.page.inner_text("section .turn .verdict") == word
        page.page.wait_for_function("() => document.querySelector('section .turn figure img').complete")
        boxes = page.page.locator(f"section .turn figure .box.{verdict}")
        if verdict in ("confirmed", "contradicted"):
            boxes.wait_for(state="attached")  # it is drawn once the picture's size is known
        assert boxes.count() == (verdict in ("confirmed", "contradicted"))
        if boxes.count():
            image = page.page.locator("section .turn figure img").bounding_box()
            box = boxes.bounding_box()
            scale = image["width"] / 400
            assert abs(box["x"] - image["x"] - 100 * scale) < 3 and abs(box["width"] - 80 * scale) < 3
            assert abs(box["y"] - image["y"]) < 3 and abs(box["height"] - 40 * scale) < 3
        page.close()
    checks.close()


def test_history_stays_in_the_browser_and_can_be_exported(chromium, web, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(3))
    page = Page(chromium, web.address).ready().upload(tmp_path / "noise.png").ask("what?")
    page.answer()
    page.page.reload()
    page.ready().page.click("summary:has-text('History')")
    assert page.page.inner_text(".history .asked") == "what?"
    with page.page.expect_download() as download:
        page.page.click("text=Export as JSON")
    exported = json.loads(Path(download.value.path()).read_text())
    (turn,) = exported["turns"]
    assert turn["text"] == "what?" and turn["answer"] == web.engine.questions[0][1][0].key
    assert turn["pictures"][0]["data"].startswith("data:image/png;base64,")
    page.page.click("text=Clear")
    page.page.wait_for_selector("text=nothing yet")
    page.close()


def test_what_is_read_in_a_picture_is_shown_as_text(chromium, web, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(3))
    evil = "<img src=x onerror=alert(1)><script>document.title='hacked'</script> [x](javascript:alert(1))"
    page = Page(chromium, web.address).ready().upload(tmp_path / "noise.png")
    web.engine.says["", "x"] = ""
    page.ask("what?").answer()
    web.engine.says[web.engine.questions[0][1][0].key, "read it"] = evil
    assert page.ask("read it").answer(2) == evil
    assert page.page.title() == "Ask a picture" and page.page.locator(".answer img, .answer a").count() == 0
    web.engine.says.clear()
    page.close()


def test_a_full_queue_and_a_bad_picture_are_told(chromium, web, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(3))
    (tmp_path / "broken.png").write_bytes(png(3)[:100])
    page = Page(chromium, web.address).ready()
    page.page.set_input_files("input[type=file] >> nth=0", str(tmp_path / "broken.png"))
    page.page.wait_for_selector(".thumbs .trouble")
    page.page.click("[aria-label='Remove broken.png']")
    page.upload(tmp_path / "noise.png")
    web.engine.capacity = 0
    page.ask("what?").answer()
    assert "all places are taken" in page.page.inner_text(".turn .trouble")
    page.close(expected="status of (429|400)")


def test_a_picture_that_the_server_let_go_is_sent_again(chromium, web, tmp_path, nano):
    with serving(scripted(nano), nano) as served:
        (tmp_path / "noise.png").write_bytes(png(3))
        page = Page(chromium, served.address).ready().upload(tmp_path / "noise.png")
        served.pictures.forget()  # as if others had pushed it out
        assert page.ask("what?").answer() == served.engine.questions[0][1][0].key
        page.close(expected="status of 404")


def test_over_plain_http_to_a_robots_name_all_but_the_live_camera_works(chromium, nano, tmp_path):
    with serving(scripted(nano), nano, Settings(allowed_hosts=("robot.test",))) as served:
        (tmp_path / "noise.png").write_bytes(png(3))
        page = Page(chromium, f"http://robot.test:{served.port}/").ready()
        assert not page.page.evaluate("window.isSecureContext")
        assert page.page.is_disabled("text=Live camera >> nth=0") and "HTTPS" in page.page.inner_text("section")
        page.upload(tmp_path / "noise.png").ask("what?")
        assert page.answer() == served.engine.questions[0][1][0].key
        page.page.click("text=Copy")
        page.page.wait_for_selector("text=Copied")
        page.close(host="robot.test")


def test_a_key_is_typed_once(chromium, nano, tmp_path):
    keys, secret = KeyRing().with_new("tablet")
    (tmp_path / "noise.png").write_bytes(png(3))
    with serving(scripted(nano), nano, Settings(keys_required=True), keys) as served:
        page = Page(chromium, served.address)
        page.page.fill("input[type=password]", "wrong")
        page.page.click("text=Log in")
        page.page.wait_for_selector("[role=alert]")
        page.page.fill("input[type=password]", secret)
        page.page.click("text=Log in")
        page.ready().upload(tmp_path / "noise.png").ask("what?").answer()
        assert (
            page.page.locator("figure img").evaluate("image => image.naturalWidth") == 40
        )  # an <img> sends the cookie
        page.page.reload()
        page.ready()
        page.page.click("text=Log out")
        page.page.wait_for_selector("input[type=password]")
        page.page.goto(f"{served.address}/#key={secret}")
        page.page.reload()
        page.ready()
        assert secret not in page.page.url
        page.close(expected="status of 401")


@pytest.mark.parametrize("options", [
    {"locale": "zh-CN"}, {"color_scheme": "dark"}, {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
])  # fmt: skip
def test_languages_dark_mobile_and_nothing_that_keeps_people_out(chromium, real, options):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="requirements/serve.txt brings it")
    page = Page(chromium, real.address, **options).ready().upload(PLATE)
    page.ask("型号是什么?").answer()
    assert page.page.get_attribute("html", "lang") == ("zh-CN" if options.get("locale") else "en")
    assert ("提问" if options.get("locale") else "Ask") in page.page.inner_text("form button.primary")
    assert page.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with_csp = page.page.evaluate("""() => getComputedStyle(document.body).backgroundColor""")
    assert with_csp == ("rgb(16, 22, 28)" if options.get("color_scheme") else "rgb(244, 246, 248)")
    found = axe.Axe().run(page.page).response["violations"]
    assert not [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found], found
    page.close()


def test_everything_can_be_done_by_keys(chromium, web, tmp_path):
    (tmp_path / "noise.png").write_bytes(png(3))
    page = Page(chromium, web.address).ready().upload(tmp_path / "noise.png")
    page.page.evaluate("document.activeElement.blur()")
    reached = set()
    for _ in range(40):
        page.page.keyboard.press("Tab")
        reached.add(
            page.page.evaluate(
                "document.activeElement.id || document.activeElement.className || document.activeElement.textContent.trim()"
            )
        )
    assert {"question", "regional", "中文", "primary"} <= reached and any("small" in one for one in reached)
    page.close()
