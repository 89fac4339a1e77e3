#!/usr/bin/env python3
"""How often a medicine is named, and how often wrongly: made-up boxes through the node's own rule for medicines, without ROS.

  python3 benchmarks/pill_boxes.py --out boxes                      200 boxes, with the embedded model
  python3 benchmarks/pill_boxes.py --out boxes --first 50 --boxes 50   a part; its lines are added to boxes/results.jsonl
  python3 benchmarks/pill_boxes.py --out boxes --claims             the second reader alone is real: names that are said, right and wrong

A box has a medicine's name, a brand in smaller print, its maker and its strength; each fifth picture has two boxes whose names
are one character apart. A box is looked at twice, in two pictures. What is spoken must be the name of a box that is there: a
brand, a maker, or a name that is a character off counts as misnamed. Names are those of training/pictures/drug_names.py's test
split, which the embedded model never saw. Needs a font with Chinese (Debian: fonts-noto-cjk) and skia-python, which training/pictures imports
(training/requirements.txt).
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from without_ros import Asked, Look, activation  # noqa: E402

from glm4v_ros.asking.activation import Activation  # noqa: E402
from glm4v_ros.asking.ask import ask  # noqa: E402
from glm4v_ros.asking.reply import Reply  # noqa: E402
from glm4v_ros.asking.ticket import Ticket  # noqa: E402
from glm4v_ros.catalog.catalog import Catalog  # noqa: E402
from glm4v_ros.engine.answer import Answer, Delta, FinishReason, Stage  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.engine.status import EngineStatus  # noqa: E402
from glm4v_ros.policy.medicine import MedicineQuestion  # noqa: E402
from glm4v_ros.reader.client import SecondReader  # noqa: E402
from training.pictures.drug_names import drug_chinese, drug_latin  # noqa: E402

LARGE, SMALL = (560, 420), (400, 300)  # pixels; 300 and 154 image tokens of the embedded model
FEW = 40  # pictures of the large size, then all are small
FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc",
         "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc")  # fmt: skip
BANDS = ((200, 60, 50), (40, 90, 170), (40, 140, 90), (120, 70, 150))
QUESTIONS = {"zh": ("这是什么药？", "盒子上写的是什么药？", "药名是什么？"),
             "en": ("What medicine is this?", "What is the name of this medicine?", "Which medicine is in the box?")}  # fmt: skip
PLACES, TRADES = "华东 江北 海诺 同安 康源 信立 天和 长青".split(), "制药有限公司 药业股份有限公司 医药集团".split()
MAKERS = "Norvik Haldane Brennan Sollux Merian Castor Lindgren Avalon".split()


@dataclass(frozen=True)
class Box:
    name: str
    brand: str
    maker: str
    strength: str

    @classmethod
    def made(cls, rng, chinese: bool, name: str = "") -> Box:
        name = name or _name(rng, chinese)
        brand = _name(rng, chinese)
        maker = f"{rng.choice(PLACES)}{rng.choice(TRADES)}" if chinese else f"{rng.choice(MAKERS)} Pharmaceuticals Ltd."
        strength = f"{rng.choice([5, 10, 20, 50, 100, 250, 500])}mg × {rng.integers(6, 49)}"
        return cls(name, f"{brand}®" if rng.random() < 0.5 else brand, maker, strength)

    def nearly(self, rng, chinese: bool) -> Box:
        """Another one whose name is one character apart."""
        while True:
            other = _name(rng, chinese)
            place = int(rng.integers(1, min(len(self.name), len(other))))
            letter = other[place].upper() if self.name[place].isupper() else other[place].lower()
            name = self.name[:place] + letter + self.name[place + 1 :]
            if _plain(name) != _plain(self.name) and name[place].isalpha() and self.name[place].isalpha():
                return Box.made(rng, chinese, name)


def _name(rng, chinese: bool) -> str:
    return (drug_chinese if chinese else drug_latin)(rng, "test")


def _plain(text: str) -> str:
    """What of a name counts: letters and digits, in any case and width."""
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", text)).casefold()


def drawn(boxes: list[Box], rng, font: str, size: tuple[int, int] = LARGE) -> np.ndarray:
    """A look at the boxes, (height, width, 3) uint8 RGB."""
    width, height = size
    picture = Image.new("RGB", size, tuple(int(v) for v in rng.integers(60, 170, 3)))
    room = (height - 20) // len(boxes)
    for number, box in enumerate(boxes):
        card = Image.new("RGB", (int(width * rng.uniform(0.82, 0.92)), int(room * rng.uniform(0.84, 0.92))), (250, 250, 246))
        pen = ImageDraw.Draw(card)
        band = BANDS[sum(map(ord, box.name)) % len(BANDS)]
        pen.rectangle((0, 0, card.width, int(card.height * 0.08)), fill=band)
        rows = [(box.brand, 0.13, band), (box.name, 0.24, (20, 20, 30)), (box.strength, 0.11, (60, 60, 70)), (box.maker, 0.10, (60, 60, 70))]
        top = card.height * 0.13
        for text, share, colour in rows:
            em = int(min(card.height * share * 0.85, card.width * 0.92 / _width(text)))
            pen.text((card.width * 0.05, top), text, colour, ImageFont.truetype(font, max(9, em)))
            top += card.height * (share + 0.05)
        card = card.rotate(float(rng.uniform(-2.5, 2.5)), Image.BICUBIC, expand=True, fillcolor=picture.getpixel((0, 0)))
        picture.paste(card, (int(rng.integers(2, max(3, width - card.width))), int(10 + number * room + rng.integers(0, 6))))
    soft = picture.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 0.7))))
    noisy = np.asarray(soft).astype(np.float32) * rng.uniform(0.75, 1.05) + rng.normal(0, rng.uniform(1, 6), (height, width, 3))
    return np.ascontiguousarray(noisy.clip(0, 255).astype(np.uint8))


def _width(text: str) -> float:
    """In ems."""
    return sum(1.0 if ord(character) > 0x2E80 else 0.62 for character in text)


class Noting:
    """An engine whose answers are noted: {(question, frame key): text}."""

    def __init__(self, engine: EngineClient):
        self._engine = engine
        self.said: dict[tuple[str, str], str] = {}

    def __getattr__(self, name):
        return getattr(self._engine, name)

    def ask(self, question, frames, on_delta=None):
        answer = self._engine.ask(question, frames, on_delta)
        key = question.text, frames[0].key
        answer.add_done_callback(lambda done: done.exception() or self.said.__setitem__(key, done.result().text))
        return answer


def name_in(answer: str) -> str:
    """What a sentence such as 这是NAME。 names."""
    bare = re.sub(r"^\W*(?:这是|药名是|这盒是|this is|it is|the medicine is)\W*|[。.!]+$", "", answer.strip(), flags=re.IGNORECASE)
    return _plain(bare)


@dataclass(frozen=True)
class Scene:
    """What is asked about which boxes."""

    number: int
    boxes: list[Box]
    looks: tuple[Look, Look]
    question: str
    language: str

    @classmethod
    def made(cls, number: int, seed: int) -> Scene:
        rng = np.random.default_rng([seed, number])
        chinese = bool(rng.random() < 0.5)
        boxes = [Box.made(rng, chinese)]
        if number % 5 == 4:
            boxes.append(boxes[0].nearly(rng, chinese))
        font = str(rng.choice([font for font in FONTS if Path(font).exists()]))
        looks = tuple(Look(drawn(boxes, rng, font, LARGE if number < FEW else SMALL)) for _ in range(2))
        language = "zh" if chinese else "en"
        return cls(number, boxes, looks, str(rng.choice(QUESTIONS[language])), language)

    @property
    def names(self) -> set[str]:
        return {_plain(box.name) for box in self.boxes}

    def claims(self, seed: int) -> list[tuple[str, str]]:
        """(kind, name) of what a model could say, in both looks alike."""
        rng = np.random.default_rng([seed, self.number, 1])
        chinese, first = self.language == "zh", self.boxes[0]
        printed = self.names | {_plain(text) for box in self.boxes for text in (box.brand, box.maker)}
        wrong = [("another medicine", _name(rng, chinese)), ("brand", first.brand.strip("®")), ("maker", first.maker), ("strength", first.strength)]
        wrong += [("one character off", first.nearly(rng, chinese).name) for _ in range(3)]
        place = int(rng.integers(1, len(first.name)))
        wrong += [("one character left out", first.name[:place] + first.name[place + 1 :]),
                  ("one character twice", first.name[:place] + first.name[place - 1] + first.name[place:])]  # fmt: skip
        wrong = [(kind, name) for kind, name in wrong if kind in ("brand", "maker") or _plain(name) not in printed]
        return [*(("right", box.name) for box in self.boxes), *wrong]

    def asked(self, made: Activation) -> Reply:
        reply = ask(Asked(self.question, self.looks, preset="eldercare"), Ticket(), made)
        if reply.error:
            raise reply.error
        return reply

    def lines(self, made: Activation) -> list[set[str]]:
        """What the second reader reads in each look."""
        return [{_plain(line.text) for line in made.reader.read(look.seen).result()} for look in self.looks]


class Saying:
    """An engine that answers every question with ``said``."""

    status = EngineStatus(model="says what it is told to", device="none")

    said = ""

    def ask(self, question, frames, on_delta=None):
        answer: Future[Answer] = Future()
        on_delta(Delta(question.request_id, Stage.ANSWERING, self.said))
        answer.set_result(Answer(question.request_id, self.said, FinishReason.STOP))
        return answer

    def cancel(self, request_id):
        pass


def with_a_model(scene: Scene, made: Activation, seed: int) -> dict:
    reply = scene.asked(made)
    drug_question = MedicineQuestion(scene.question, scene.language).drug_question
    read = [made.engine.said.get((drug_question, look.seen.key), "") for look in scene.looks]
    spoken = "" if reply.answer.abstained else re.sub(r"^(?:I read|我读到的是)[:：]\s*", "", reply.says)
    # NAME, or NAME: the answer's sentence, where that does not say it.
    said = [name_in(part) for part in re.split(r"(?<=\w)[:：]\s*", spoken) if part]
    model_right = len(set(map(name_in, read))) == 1 and name_in(read[0]) in scene.names
    right = {name_in(read[0])} if model_right else scene.names
    return {
        "number": scene.number, "boxes": [vars(box) for box in scene.boxes], "question": scene.question, "model": read, "spoken": spoken,
        "verdict": reply.checked.verification.verdict.name, "reason": reply.checked.verification.reason or reply.says * reply.answer.abstained,
        "model_right": model_right, "reader_right": all(map(bool, (seen & right for seen in scene.lines(made)))),
        "misnamed": bool(spoken) and not set(said) <= scene.names,
    }  # fmt: skip


def with_claims(scene: Scene, made: Activation, seed: int) -> dict:
    claims = []
    for kind, name in scene.claims(seed):
        made.engine.said = f"这是{name}。" if scene.language == "zh" else f"This is {name}."
        reply = scene.asked(made)
        whole = all(_plain(name) in seen for seen in scene.lines(made))
        claims.append({"kind": kind, "name": name, "read whole": whole, "spoken": not reply.answer.abstained,
                       "verdict": reply.checked.verification.verdict.name, "reason": reply.checked.verification.reason})  # fmt: skip
    return {"number": scene.number, "boxes": [vars(box) for box in scene.boxes], "question": scene.question, "claims": claims}


def table_of_claims(results: list[dict]) -> str:
    claims = [claim for one in results for claim in one["claims"]]
    kinds = dict.fromkeys(claim["kind"] for claim in claims)

    def row(title: str, chosen: list[dict]) -> str:
        spoken = sum(claim["spoken"] for claim in chosen)
        return f"| {title} | {len(chosen)} | {spoken} ({100 * spoken / max(1, len(chosen)):.1f} %) |"

    right = [claim for claim in claims if claim["kind"] == "right"]
    rows = [row("right", right), row("right, and read whole in both looks", [claim for claim in right if claim["read whole"]])]
    rows += [row(kind, [claim for claim in claims if claim["kind"] == kind]) for kind in kinds if kind != "right"]
    return "\n".join([f"| what the model says ({len(results)} pictures) | said | spoken |\n|---|---|---|", *rows])


def table(results: list[dict]) -> str:
    def row(title: str, chosen: list[dict]) -> str:
        both = [one for one in chosen if one["model_right"] and one["reader_right"]]
        spoken = sum(bool(one["spoken"]) for one in both)
        share = f"{100 * spoken / len(both):.0f} %" if both else "-"
        counts = (len(chosen), sum(one["model_right"] for one in chosen), len(both), f"{spoken} ({share})",
                  sum(bool(one["spoken"]) for one in chosen), sum(one["misnamed"] for one in chosen))  # fmt: skip
        return f"| {title} | " + " | ".join(map(str, counts)) + " |"

    head = "| boxes | all | model right in both looks | both readers right | of them spoken | spoken | misnamed |\n|---|---|---|---|---|---|---|"
    two = [one for one in results if len(one["boxes"]) == 2]
    chinese = [one for one in results if not one["boxes"][0]["name"].isascii()]
    rows = [row("all", results), row("Chinese names", chinese), row("Latin names", [one for one in results if one not in chinese]),
            row("two boxes, names one character apart", two)]  # fmt: skip
    return "\n".join([head, *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results; a picture that is in them is not asked about again")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--model", default="glm4v-nano")
    parser.add_argument("--claims", action="store_true", help="no model: one that says a name, right or wrong, in both looks")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / ("claims.jsonl" if args.claims else "results.jsonl")
    results = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    done = {one["number"] for one in results}
    model = Catalog.load().model(args.model)
    with ExitStack() as stack:
        reader = stack.enter_context(SecondReader())
        if reader.missing:
            print(reader.missing, file=sys.stderr)
            return 1
        engine, judge = Saying(), with_claims
        if not args.claims:
            client = stack.enter_context(EngineClient(EngineConfig(model, max_parallel=2)))
            client.start()
            engine, judge = Noting(client), with_a_model
        made = stack.enter_context(activation(model, engine, reader))
        file = stack.enter_context(open(path, "a", encoding="utf-8"))
        for number in range(args.first, args.first + args.boxes):
            if number not in done:
                results.append(judge(Scene.made(number, args.seed), made, args.seed))
                file.write(json.dumps(results[-1], ensure_ascii=False) + "\n")
                file.flush()
    print(table_of_claims(results) if args.claims else table(results))
    for one in results:
        wrong = [claim for claim in one.get("claims", ()) if claim["kind"] != "right" and claim["spoken"]]
        if wrong or one.get("misnamed"):
            print(json.dumps({**one, "claims": wrong}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
