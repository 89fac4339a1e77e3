"""What a medicine's box, bottle or sticker says, and what can be asked about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.pictures import companies, drug_names, free, pillbox_topics, remedies
from training.pictures.medicine import Medicine
from training.pictures.picture import Topic
from training.pictures.pillbox import lines_of
from training.pictures.questions import read, unseen
from training.pictures.sampling import chance, digits, letters, pick
from training.pictures.splits import belongs
from training.pictures.vector.stack import Content, Piece
from training.pictures.words import NOUNS

NOUNS["strength"] = ("规格 药品规格 剂量规格".split(), "strength|dosage strength|dose strength".split("|"))
NOUNS["lot"] = ("批号 产品批号 生产批号".split(), "batch number|lot number|batch".split("|"))

LABELS = {  # Chinese, English
    "name": ("药品名称：|通用名称：|【药品名称】|药名：|品名：".split("|"), "Name: |Medicine: |Product: |Generic name: ".split("|")),
    "brand": ("商品名：|商品名称：|品牌：|商标：".split("|"), "Brand: |Brand name: |Trademark: ".split("|")),
    "manufacturer": ("生产企业：|生产厂家：|制造商：|【生产企业】".split("|"), "Manufacturer: |Made by |Mfr.: |Manufactured by ".split("|")),
    "strength": ("规格：|【规格】|规格 ".split("|"), "Strength: |Strength ".split("|")),
    "lot": ("产品批号：|批号：|批号 ".split("|"), "LOT |Batch |Lot No. |Batch No.: ".split("|")),
}  # fmt: skip
NOTES_ZH = "请仔细阅读说明书|密封，置阴凉干燥处|儿童请勿接触|处方药|外用|遵照说明使用|避光保存|国药准字|内服|请在医生指导下使用|孕妇慎用|本品为处方药".split(
    "|"
)
NOTES_EN = (
    "Keep out of reach of children|Store in a dry place|Read the leaflet|For oral use|Rx only|Prescription medicine|"
    "Do not refrigerate|"
    "Store below 25°C|Shake well|For external use".split("|")
)
CONTAINS_ZH = "成份：|主要成份：|【成份】|适应症：|【功能主治】|辅料：|性状：".split(
    "|"
)  # no line is only a name but the medicine's
CONTAINS_EN = "Contains |Active ingredient: |Excipients: |For |With ".split("|")

LEAST_HEAD = 1.25  # how much larger than the rest a name without a label is, or it could be any of the lines


@dataclass
class Carton(Content):
    """A box with more than the name and its use: `fields` are printed values by noun."""

    box: Medicine
    chinese: bool
    pieces: list[Piece]
    fields: dict[str, str] = field(default_factory=dict)

    def drop(self) -> bool:
        """Leaves out what is asked about least; False where nothing can be left out."""
        for role in ("note", "second", "lot", "strength", "brand", "manufacturer"):
            for piece in self.pieces:
                if piece.role == role:
                    self.pieces.remove(piece)
                    self.fields.pop(role, None)
                    return True
        return False

    def smaller(self) -> bool:
        """Sets the name smaller, as long as it stays the largest line."""
        name = next(piece for piece in self.pieces if piece.role == "name")
        least = LEAST_HEAD if name.scale > 1.0 else 1.0
        if name.scale <= least:
            return False
        name.scale = max(least, 0.85 * name.scale)
        for piece in self.pieces:
            if piece.role in ("second", "brand"):
                piece.scale = min(piece.scale, max(0.8, 0.8 * name.scale))
        return True

    def topics(self, rng, split: str) -> list[Topic]:
        known = pillbox_topics.topics(rng, split, self.box)
        # The name is what is hard to read: it is asked for in two of three conversations.
        result = [t for t in known if t.field not in ("often", "meal", "how", "expiry") or chance(rng, 0.5)] + [
            known[0]
        ] * 2
        for name in ("manufacturer", "brand", "strength", "lot"):
            if name in self.fields:
                result += [read(rng, split, name, self.fields[name], "pillbox")] * (2 if name == "manufacturer" else 1)
            elif name not in ("brand", "manufacturer") or not {"brand", "manufacturer"} & self.fields.keys():
                result.append(unseen(rng, split, name))
        return result


def label(rng, name: str, chinese: bool) -> str:
    return pick(rng, LABELS[name][not chinese])


def own(rng, split: str, make) -> str:
    while True:
        text = make(rng)
        if belongs(text, split):
            return text


def fill(rng, split: str, level: float) -> Carton:
    """A random box's print."""
    chinese = chance(rng, 0.6)
    name = (drug_names.drug_chinese if chinese else drug_names.drug_latin)(rng, split)
    times = int(rng.integers(1, 5)) if chance(rng, 0.75) else 0
    meal = pick(rng, ["before", "after", "with", "bed"]) if chance(rng, 0.65) else ""
    box = Medicine(name, min(times, 1) if meal == "bed" else times, meal, 0, 0, 0)
    if chance(rng, 0.65):
        box.year, box.month = int(rng.integers(2019, 2036)), int(rng.integers(1, 13))
        box.day = int(rng.integers(1, 29)) if chance(rng, 0.4) else 0
    big = rng.uniform(LEAST_HEAD, 2.8)
    head = label(rng, "name", chinese) if chance(rng, 0.15) else ""
    title = Piece("name", [head + name], pick(rng, [1.0, 1.0, big]) if head else big, True, True)
    carton = Carton(box, chinese, [title])
    lines = [text for text, _ in lines_of(rng, box, chinese, 0.0, split)]
    if box.year:
        carton.pieces.append(Piece("until", [lines.pop()]))
    if lines:
        carton.pieces.append(Piece("use", lines))
    if level < 0.3:
        return carton
    if chance(rng, 0.5):
        make = (remedies.maker_chinese if chinese else remedies.maker_latin) if chance(rng, 0.7) else None
        maker = (
            own(rng, split, make)
            if make
            else (companies.manufacturer_chinese if chinese else companies.manufacturer_latin)(rng, split)
        )
        carton.fields["manufacturer"] = maker
        lead = label(rng, "manufacturer", chinese) if chance(rng, 0.5) or maker == name else ""
        carton.pieces.append(Piece("manufacturer", [lead + maker], pick(rng, [0.85, 1.0, 1.0, 1.3, 1.7]), True))
    if chance(rng, 0.25):
        brand = own(rng, split, lambda rng: free.hanzi(rng, 2, 3) if chance(rng, 0.5) else free.latin(rng, 1, 2))
        carton.fields["brand"] = brand
        labelled = chance(rng, 0.5)
        text = label(rng, "brand", chinese) + brand if labelled else brand + pick(rng, "®®™")
        carton.pieces.append(
            Piece("brand", [text], 1.0 if labelled else max(0.8, rng.uniform(0.5, 0.8) * big), strong=True)
        )
    if chance(rng, 0.35):
        amount = pick(
            rng,
            [
                "0.25g",
                "0.5g",
                "10mg",
                "20 mg",
                "100mg",
                "500mg",
                "5mg",
                "50 mg",
                "0.1g",
                "2mL",
                "10mL:5mg",
                f"{rng.integers(1, 100)}mg",
            ],
        )
        carton.fields["strength"] = amount
        carton.pieces.append(
            Piece("strength", [label(rng, "strength", chinese) * chance(rng, 0.7) + amount], pick(rng, [1.0, 1.0, 1.4]))
        )
    if chance(rng, 0.3):
        lot = letters(rng, int(rng.integers(0, 3))) + digits(rng, int(rng.integers(4, 9)))
        carton.fields["lot"] = lot
        carton.pieces.append(Piece("lot", [label(rng, "lot", chinese) + lot]))
    if chinese and chance(rng, 0.2):
        carton.pieces.append(
            Piece(
                "second",
                [free.latin(rng, 2, 4) + " " + pick(rng, remedies.FORMS_EN)],
                max(0.85, 0.5 * title.scale),
                True,
            )
        )
    for _ in range(int(rng.integers(0, 3))):
        note = pick(rng, NOTES_ZH if chinese else NOTES_EN)
        if chance(rng, 0.4):
            note = (
                pick(rng, CONTAINS_ZH) + free.hanzi(rng, 3, 8)
                if chinese
                else pick(rng, CONTAINS_EN) + free.latin(rng).lower()
            )
        carton.pieces.append(Piece("note", [note], 1.0, True))
    carton.pieces = ordered(rng, carton.pieces)
    return carton


def ordered(rng, pieces: list[Piece]) -> list[Piece]:
    """The pieces from top to bottom: the name first, last or anywhere, its brand and its second name beside it."""
    rest = [p for p in pieces if p.role not in ("name", "brand", "second")]
    if chance(rng, 0.6):
        rest = [rest[i] for i in rng.permutation(len(rest))]
    around = [p for p in pieces if p.role in ("name", "second")]
    brand = [p for p in pieces if p.role == "brand"]
    around = brand + around if chance(rng, 0.7) else around + brand
    place = 0 if chance(rng, 0.55) else int(rng.integers(len(rest) + 1))
    return rest[:place] + around + rest[place:]
