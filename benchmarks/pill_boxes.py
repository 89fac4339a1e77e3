#!/usr/bin/env python3
"""How often a medicine is named, and how often wrongly: made-up boxes through the node's own rule for medicines, without ROS.

  python3 benchmarks/pill_boxes.py --out boxes                      200 boxes, with the embedded model
  python3 benchmarks/pill_boxes.py --out boxes --first 50 --boxes 50   a part; its lines are added to boxes/results.jsonl

A box has a medicine's name, a brand in smaller print, its maker and its strength; each fifth picture has two boxes whose names
are one character apart. A box is looked at twice, in two pictures. What is spoken must be the name of a box that is there: a
brand, a maker, or a name that is a character off counts as misnamed. Names are those of training/pictures/pillbox.py's test
split, which the embedded model never saw. Needs a font with Chinese (Debian: fonts-noto-cjk) and training's numpy alone.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from without_ros import Asked, Look, activation  # noqa: E402

from glm4v_ros.asking.activation import Activation  # noqa: E402
from glm4v_ros.asking.ask import ask  # noqa: E402
from glm4v_ros.asking.ticket import Ticket  # noqa: E402
from glm4v_ros.catalog.catalog import Catalog  # noqa: E402
from glm4v_ros.engine.client import EngineClient  # noqa: E402
from glm4v_ros.engine.config import EngineConfig  # noqa: E402
from glm4v_ros.policy.medicine import MedicineQuestion  # noqa: E402
from glm4v_ros.reader.client import SecondReader  # noqa: E402
from training.pictures.pillbox import drug_chinese, drug_latin  # noqa: E402

SIZE = (560, 420)  # pixels; 300 image tokens of the embedded model
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


def drawn(boxes: list[Box], rng, font: str) -> np.ndarray:
    """A look at the boxes, (height, width, 3) uint8 RGB."""
    width, height = SIZE
    picture = Image.new("RGB", SIZE, tuple(int(v) for v in rng.integers(60, 170, 3)))
    room = (height - 20) // len(boxes)
    for number, box in enumerate(boxes):
        card = Image.new("RGB", (int(width * rng.uniform(0.82, 0.92)), int(room * rng.uniform(0.84, 0.92))), (250, 250, 246))
        pen = ImageDraw.Draw(card)
        band = BANDS[sum(map(ord, box.name)) % len(BANDS)]
        pen.rectangle((0, 0, card.width, int(card.height * 0.08)), fill=band)
        rows = [(box.brand, 0.13, band), (box.name, 0.24, (20, 20, 30)), (box.strength, 0.11, (60, 60, 70)), (box.maker, 0.10, (60, 60, 70))]
        top = card.height * 0.13
        for text, share, colour in rows:
            size = int(min(card.height * share * 0.85, card.width * 0.92 / _width(text)))
            pen.text((card.width * 0.05, top), text, colour, ImageFont.truetype(font, max(9, size)))
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


def ask_about(number: int, made: Activation, seed: int) -> dict:
    rng = np.random.default_rng([seed, number])
    chinese = bool(rng.random() < 0.5)
    boxes = [Box.made(rng, chinese)]
    if number % 5 == 4:
        boxes.append(boxes[0].nearly(rng, chinese))
    font = str(rng.choice([font for font in FONTS if Path(font).exists()]))
    looks = tuple(Look(drawn(boxes, rng, font)) for _ in range(2))
    language = "zh" if chinese else "en"
    question = str(rng.choice(QUESTIONS[language]))
    reply = ask(Asked(question, looks, preset="eldercare"), Ticket(), made)
    if reply.error:
        raise reply.error
    engine: Noting = made.engine
    drug_question = MedicineQuestion(question, language).drug_question
    read = [engine.said.get((drug_question, look.seen.key), "") for look in looks]
    names = {_plain(box.name) for box in boxes}
    lines = [{_plain(line.text) for line in made.reader.read(look.seen).result()} for look in looks]
    spoken = "" if reply.answer.abstained else re.sub(r"^(?:I read|我读到的是)[:：]\s*", "", reply.says)
    # NAME, or NAME: the answer's sentence, where that does not say it.
    said = [name_in(part) for part in re.split(r"(?<=\w)[:：]\s*", spoken) if part]
    model_right = len(set(map(name_in, read))) == 1 and name_in(read[0]) in names
    right = {name_in(read[0])} if model_right else names
    return {
        "number": number, "boxes": [vars(box) for box in boxes], "question": question, "model": read, "spoken": spoken,
        "verdict": reply.checked.verification.verdict.name, "reason": reply.checked.verification.reason or reply.says * reply.answer.abstained,
        "model_right": model_right, "reader_right": all(map(bool, (seen & right for seen in lines))),
        "misnamed": bool(spoken) and not set(said) <= names,
    }  # fmt: skip


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
    parser.add_argument("--out", type=Path, required=True, help="folder of results.jsonl; a box that is in it is not asked again")
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=18)
    parser.add_argument("--model", default="glm4v-nano")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "results.jsonl"
    results = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
    done = {one["number"] for one in results}
    model = Catalog.load().model(args.model)
    with EngineClient(EngineConfig(model, max_parallel=2)) as client, SecondReader() as reader:
        if reader.missing:
            print(reader.missing, file=sys.stderr)
            return 1
        client.start()
        with activation(model, Noting(client), reader) as made, open(path, "a", encoding="utf-8") as file:
            for number in range(args.first, args.first + args.boxes):
                if number not in done:
                    results.append(ask_about(number, made, args.seed))
                    file.write(json.dumps(results[-1], ensure_ascii=False) + "\n")
                    file.flush()
    print(table(results))
    for one in results:
        if one["misnamed"]:
            print(json.dumps(one, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
