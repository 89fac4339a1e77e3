"""Door plates, warning signs, parcel labels: what they say has a label or none, and is asked for by what it is."""

from __future__ import annotations

from dataclasses import dataclass, field

import skia

from training.pictures import free
from training.pictures.picture import Topic
from training.pictures.questions import first_noun, is_there
from training.pictures.splits import belongs
from training.pictures.values import chance, digits, letters, pick
from training.pictures.vector import wordings
from training.pictures.vector.plate import material
from training.pictures.vector.sheet import NoRoom, Sheet
from training.pictures.vector.sheet import paint as brush
from training.pictures.vector.stack import Content, Piece, lay
from training.pictures.words import NOUNS

FIELDS = {  # nouns in Chinese and English, and what may be printed before it
    "room": ("房间号 门牌号 房号".split(), "room number|number of the room|door number".split("|"), "房间 ".split("|"), "Room |No. ".split("|")),
    "place": ("房间名称 房间名".split(), "name of the room|room name".split("|"), [""], [""]),
    "person": ("姓名 门上的姓名 使用人".split(), "name on the door|person's name|occupant".split("|"), "姓名：|使用人：".split("|"), ["Name: ", ""]),
    "hours": ("开放时间 工作时间".split(), "opening hours|working hours".split("|"), "开放时间：|工作时间：".split("|"), "Open |Hours: ".split("|")),
    "warning": ("警告 警示语 警告内容".split(), "warning|warning text".split("|"), [""], [""]),
    "receiver": ("收件人 收货人".split(), "recipient|receiver|addressee".split("|"), "收件人：|收货人：|收：".split("|"), "To: |Ship to: |TO ".split("|")),
    "sender": ("寄件人 发件人".split(), "sender|sender's name".split("|"), "寄件人：|发件人：|寄：".split("|"), "From: |Sender: |FROM ".split("|")),
    "address": ("收件地址 地址 送货地址".split(), "address|delivery address|shipping address".split("|"), "地址：|收件地址：|".split("|"), "Address: |Addr.: |".split("|")),
    "tracking": ("运单号 快递单号 运单编号".split(), "tracking number|tracking no.|waybill number".split("|"), "运单号：|单号 |".split("|"), "Tracking No. |AWB |".split("|")),
    "phone": ("电话 电话号码 联系电话".split(), "phone number|telephone number|phone".split("|"), "电话：|Tel ".split("|"), "Tel. |Phone: ".split("|")),
    "load": ("重量 包裹重量".split(), "weight of the parcel|parcel weight".split("|"), "重量：|毛重：".split("|"), "Weight: |WT ".split("|")),
}  # fmt: skip
for _name, (_zh, _en, _, _) in FIELDS.items():
    NOUNS[_name] = (_zh, _en)

SPECIAL = {
    "room": ("这是几号房间？|门上的号码是多少？|这是哪个房间号？|几号门？|房间是多少号？".split("|"), "Which room is this?|What number is on the door?|What is the number of this room?|Which door is this?|What room number is it?".split("|")),
    "place": ("这是什么房间？|这是什么地方？|门牌上写的是什么房间？|这个房间是做什么的？|门后是什么？".split("|"), "What is this room called?|What kind of room is it?|What is behind this door?|What does the door say the room is?|Which place is this?".split("|")),
    "person": ("这是谁的房间？|谁的办公室？|门上是谁的名字？|这里是谁的办公室？|门牌上是谁？".split("|"), "Whose room is this?|Whose office is it?|Whose name is on the door?|Who works here?|Who is in this room?".split("|")),
    "warning": ("警告牌上写的是什么？|警告说了什么？|牌子上警告什么？|要注意什么？|警示牌写的什么？".split("|"), "What does the warning say?|What is the warning?|What does the sign warn of?|What am I warned about?|Read the warning.".split("|")),
    "receiver": ("寄给谁的？|包裹是给谁的？|收件人是谁？|这是谁的包裹？|谁收？".split("|"), "Who is it addressed to?|Whose parcel is this?|Who is the recipient?|Who gets this parcel?|Who is this parcel for?".split("|")),
    "sender": ("谁寄的？|包裹是谁寄来的？|寄件人是谁？|哪位寄的？|是谁发的货？".split("|"), "Who sent it?|Who is the sender?|Who is this parcel from?|Who sent this parcel?|Where does it come from, who sent it?".split("|")),
    "address": ("寄到哪里？|包裹送到哪里？|送货地址是什么？|要送到哪儿？|收件地址写的哪里？".split("|"), "Where does it go?|What is the delivery address?|Where is it to be delivered?|To which address does it go?|Where should this parcel go?".split("|")),
    "load": ("包裹多重？|多重？|有多重？|重量多少？|这个包裹几公斤？".split("|"), "How heavy is the parcel?|How heavy is it?|What does the parcel weigh?|How much does it weigh?|What is its weight?".split("|")),
}  # fmt: skip
SPECIAL_TRAINED = {  # of training alone: the test asks for these by their nouns
    "hours": ("几点开门？|开放时间是几点？".split("|"), "When is it open?|What are the opening hours?".split("|")),
    "phone": ("电话是多少？|电话号码多少？".split("|"), "What's the phone number?|What number is it?".split("|")),
    "tracking": ("快递单号是多少？|单号是多少？".split("|"), "What's the tracking number?|What is the parcel's number?".split("|")),
}
PLACES_ZH = "会议室 办公室 实验室 配电室 机房 仓库 洗手间 值班室 财务室 档案室 休息室 设备间 教室 诊室 手术室 更衣室 消防控制室".split()
PLACES_EN = (
    "Meeting Room|Office|Laboratory|Server Room|Storage|Restroom|Reception|Archive|Workshop|Classroom|Boiler Room|"
    "Kitchen|Control Room|Surgery"
).split("|")
WARNINGS_ZH = "小心触电|高压危险|当心机械伤人|禁止入内|必须戴安全帽|小心地滑|禁止烟火|注意高温|当心夹手|闲人免进|易碎物品|小心轻放|请勿倒置|必须戴护目镜|当心腐蚀|禁止合闸|正在检修".split(
    "|"
)
WARNINGS_EN = (
    "High voltage|Danger|Hot surface|No entry|Wear a helmet|Wet floor|No smoking|Mind the step|Keep hands clear|"
    "Authorized personnel only|Fragile|"
    "Handle with care|This side up|Eye protection required|Corrosive|Do not operate|Laser radiation|"
    "Flammable".split("|")
)
HEADS_ZH, HEADS_EN = "警告 注意 危险 当心".split(), "WARNING|CAUTION|DANGER|NOTICE".split("|")
KINDS = {
    "door": ("room", "place", "person", "hours"),
    "warning": ("warning",),
    "parcel": ("receiver", "address", "phone", "tracking", "load", "sender"),
}


@dataclass
class Sign(Content):
    """A sign of one of KINDS: pieces from top to bottom, and the printed values by field."""

    kind: str
    chinese: bool
    pieces: list[Piece]
    fields: dict[str, str] = field(default_factory=dict)

    def drop(self) -> bool:
        if len(self.fields) < 2:
            return False
        piece = self.pieces.pop()
        self.fields.pop(piece.role, None)
        return True


def value(rng, split: str, name: str, chinese: bool) -> str:
    zh, en = {
        "room": lambda: (pick(rng, [str(rng.integers(100, 3000)), f"{pick(rng, 'ABCDEF')}{rng.integers(100, 999)}", f"{rng.integers(1, 20)}-{rng.integers(1, 40):02}"]),) * 2,
        "place": lambda: (pick(rng, PLACES_ZH) if chance(rng, 0.5) else free.hanzi(rng, 2, 3) + pick(rng, "室 厅 处 科 间 中心".split()),
                          pick(rng, PLACES_EN) if chance(rng, 0.5) else f"{free.latin(rng)} {pick(rng, ['Room', 'Hall', 'Lab', 'Office'])}"),
        "person": lambda: (free.hanzi(rng, 2, 3), f"{pick(rng, ['Dr. ', 'Prof. ', '', ''])}{free.latin(rng, 1, 2)} {free.latin(rng, 1, 3)}"),
        "hours": lambda: (f"{rng.integers(6, 11):02}:{pick(rng, ['00', '30'])}-{rng.integers(15, 23)}:{pick(rng, ['00', '30'])}",) * 2,
        "warning": lambda: (pick(rng, WARNINGS_ZH) if chance(rng, 0.5) else pick(rng, "当心 禁止 小心 注意 请勿".split()) + free.hanzi(rng, 2, 4),
                            pick(rng, WARNINGS_EN) if chance(rng, 0.5) else f"{pick(rng, ['No', 'Mind the', 'Beware of', 'Keep off'])} {free.latin(rng).lower()}"),
        "receiver": lambda: (free.hanzi(rng, 2, 4), f"{free.latin(rng, 1, 2)} {free.latin(rng, 1, 3)}"),
        "address": lambda: (f"{free.hanzi(rng, 2, 3)}{pick(rng, '市 区 县 镇'.split())}{free.hanzi(rng, 2, 3)}{pick(rng, '路 街 巷 道'.split())}{rng.integers(1, 999)}号",
                            f"{rng.integers(1, 400)} {free.latin(rng, 1, 2)} {pick(rng, ['St.', 'Road', 'Lane', 'Ave.'])}, {free.latin(rng, 1, 2)}"),
        "tracking": lambda: (letters(rng, int(rng.integers(0, 3))) + digits(rng, int(rng.integers(8, 14))),) * 2,
        "phone": lambda: ("1" + digits(rng, 10) if chance(rng, 0.6) else f"0{digits(rng, 3)}-{digits(rng, 7)}", f"+{rng.integers(1, 99)} {digits(rng, 3)} {digits(rng, 6)}"),
        "load": lambda: (f"{rng.uniform(0.1, 40):.{rng.integers(0, 3)}f}{pick(rng, ['kg', ' kg'])}",) * 2,
    }["receiver" if name == "sender" else name]()  # fmt: skip
    return zh if chinese else en


def make(rng, split: str, level: float) -> Sign:
    chinese = chance(rng, 0.6)
    kind = pick(rng, ["door", "door", "warning", "parcel", "parcel"])
    names = [name for name in KINDS[kind] if chance(rng, 0.65)] or [pick(rng, list(KINDS[kind]))]
    names = names[:1] if level < 0.2 else names
    sign = Sign(kind, chinese, [])
    if kind == "warning" and chance(rng, 0.6):
        sign.pieces.append(
            Piece("head", [pick(rng, HEADS_ZH if chinese else HEADS_EN)], rng.uniform(1.0, 1.8), strong=True)
        )
    for name in names:
        own = chinese if chance(rng, 0.9) else not chinese
        text = value(rng, split, name, own)
        while len(text) > 3 and not belongs(text, split) or text in sign.fields.values():
            text = value(rng, split, name, own)
        sign.fields[name] = text
        lead = pick(rng, FIELDS[name][3 - own])
        bare = kind == "door" or not lead
        lead = lead if not bare or chance(rng, 0.5) else ""
        large = name in ("room", "place", "warning")
        scale = rng.uniform(1.0, 3.0 if name == "room" else 2.0) if large and not lead else 1.0
        sign.pieces.append(Piece(name, [lead + text], scale, name in ("address", "warning", "place"), large))
    if kind == "door" and chance(rng, 0.6):
        sign.pieces = [sign.pieces[i] for i in rng.permutation(len(sign.pieces))]
    return sign


def topics(rng, split: str, sign: Sign) -> list[Topic]:
    tongues = ("zh", "en") if sign.chinese else ("en", "zh")
    special = SPECIAL | SPECIAL_TRAINED if split == "train" else SPECIAL
    result = []
    for name in KINDS[sign.kind]:
        ask = lambda name=name: wordings.field(
            rng, split, name, sign.fields.get(name), "label", special.get(name), tongues, "line"
        )  # noqa: E731
        result += [ask(), ask()] if name in sign.fields else [ask()]
        if chance(rng, 0.5):
            result.append(is_there(rng, split, name, name in sign.fields, first_noun))
    others = [name for kind, names in KINDS.items() if kind != sign.kind for name in names if name != "warning"]
    result += [
        wordings.field(rng, split, str(name), None, "label", None, tongues, "line")
        for name in rng.permutation(others)[:2]
    ]
    return result + [wordings.field(rng, split, "expiry", None, "label", None, tongues, "line")]


def paint(sheet: Sheet) -> list[Topic]:
    rng = sheet.rng
    for attempt in range(30):
        sign = make(rng, sheet.split, sheet.level)
        if lay(sheet, sign, 1.0 if attempt < 6 else 0.7, lambda sheet, box, sign=sign: ground(sheet, box, sign)):
            return topics(rng, sheet.split, sign)
    raise NoRoom


def ground(sheet: Sheet, box, sign: Sign) -> tuple[int, int, int]:
    """The plate, the sign with its triangle, or the parcel with its bars; returns the colour under the print."""
    rng, (x0, y0, x1, y1) = sheet.rng, box
    short, black = min(x1 - x0, y1 - y0), (15, 15, 15)
    if sign.kind == "parcel":
        if chance(rng, 0.6):  # cardboard and tape around the label
            card, reach = (176, 134, 88), rng.uniform(0.05, 0.3) * short
            sheet.fill((x0 - reach, y0 - reach, x1 + reach, y1 + reach), card, 0, (150, 110, 68))
            sheet.fill((x0 - reach, y0 - 0.5 * reach, x1 + reach, y0 - 0.2 * reach), (205, 180, 130), 0, None, 0.7)
        paper = pick(rng, [(255, 255, 255), (250, 248, 240), (255, 246, 200), (236, 240, 246)])
        sheet.fill(box, paper)
        if chance(rng, 0.5):
            sheet.outline(box, black, 0.008 * short)
        if chance(rng, 0.5):  # a bar code beside the label's print
            x, y = x0, y1 + 0.02 * short
            sheet.fill((x0, y1, x1, y1 + 0.2 * short), paper)
            while x < x1 - 0.02 * short:
                wide = rng.integers(1, 4) * 0.008 * short
                sheet.fill((x + 0.02 * short, y, x + 0.02 * short + wide, y + 0.14 * short), black)
                x += wide + rng.integers(1, 4) * 0.008 * short
        return paper
    if sign.kind == "warning":
        paper = pick(rng, [(250, 205, 30), (255, 255, 255), (205, 30, 35), (30, 80, 170), (245, 120, 20)])
        edge = pick(rng, [black, (205, 30, 35), (255, 255, 255)])
        sheet.fill((x0 - 0.05 * short, y0 - 0.05 * short, x1 + 0.05 * short, y1 + 0.05 * short), edge, 0.05 * short)
        sheet.fill(box, paper, 0.04 * short)
        r = 0.22 * short
        if x0 > 2.6 * r and chance(rng, 0.7):
            x, y = x0 - 1.4 * r, (y0 + y1) / 2
            points = [(x, y - r), (x + r, y + 0.8 * r), (x - r, y + 0.8 * r)]
            sheet.outline_polygon(points, (250, 205, 30))
            path = skia.Path.Polygon([skia.Point(*p) for p in points], True)
            sheet.skia.drawPath(path, brush(black, Style=skia.Paint.kStroke_Style, StrokeWidth=0.12 * r))
            sheet.fill((x - 0.08 * r, y - 0.4 * r, x + 0.08 * r, y + 0.25 * r), black)
            sheet.disc(x, y + 0.5 * r, 0.1 * r, black)
        return paper
    return material(sheet, box, pick(rng, [0, 0.04, 0.12]) * short)
