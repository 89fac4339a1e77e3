"""Labels with lines of any kind: on parcels, doors, shelves, samples. What is asked for is the printed word itself."""

from __future__ import annotations

from training.pictures import free, values
from training.pictures.nameplate_rows import Row
from training.pictures.nameplate_topics import altered
from training.pictures.picture import Topic
from training.pictures.questions import fill, wording, yes_or_no
from training.pictures.sampling import chance, digits, pick
from training.pictures.vector import sign
from training.pictures.vector.plate import place
from training.pictures.vector.sheet import Sheet
from training.pictures.words import (
    FOLLOW_EN,
    FOLLOW_ZH,
    IS_EN,
    IS_ZH,
    READ_EN,
    READ_ZH,
    THERE_EN,
    THERE_ZH,
    UNSEEN,
)

KEYS_ZH = (
    "收件人 寄件人 电话 地址 单号 重量 件数 房间 楼层 部门 姓名 工号 职务 日期 时间 批次 货位 库位 数量 规格 名称 颜色 尺寸 产地 价格 单价 条码 "
    "保管人 责任人 检验员 操作员 备注 状态 级别 区域 线路 车次 座位 柜号 箱号 桶号 样品 浓度 容量 净含量 有效期 下次检验 编码 版本 客户 订单 科室 床号"
).split()
KEYS_EN = (
    "To|From|Phone|Address|Order|Weight|Pieces|Room|Floor|Department|Name|Staff No.|Position|Date|Time|Lot|Shelf|Bin|Qty|Size|Item|Colour|Origin|"
    "Price|Barcode|Keeper|Inspector|Operator|Note|State|Grade|Zone|Line|Train|Seat|Cabinet|Box|Drum|Sample|Content|Volume|Next check|Code|Version|"
    "Customer|Ward|Bed|Gate|Flight|Ref."
).split("|")
UNITS = "kg| kg|g|mL|L|mm|cm|m|pcs|件|箱|%|元| €|h|min".split("|")
PLACES_ZH = "路 街 区 市 县 镇 楼 室 号 仓 站 厂".split()


def value(rng, split: str, chinese: bool) -> str:
    kind = rng.integers(9)
    if kind == 0:
        return free.hanzi(rng, 2, 4) if chinese else f"{free.latin(rng)} {free.latin(rng)}"
    if kind == 1:
        return (
            free.hanzi(rng, 2, 3) + pick(rng, PLACES_ZH) + digits(rng, rng.integers(1, 4)) + "号"
            if chinese
            else f"{rng.integers(1, 400)} {free.latin(rng)} St."
        )
    if kind == 2:
        return digits(rng, rng.integers(2, 12))
    if kind == 3:
        return values.date(rng, split)
    if kind == 4:
        return free.code(rng, 3, 10)
    if kind == 5:
        return f"{rng.integers(1, 1000)}{pick(rng, UNITS)}"
    if kind == 6:
        return f"{rng.integers(24):02}:{rng.integers(60):02}"
    if kind == 7:
        return f"{pick(rng, 'ABCDEFGH')}{rng.integers(1, 30)}-{rng.integers(1, 99):02}"
    return free.hanzi(rng, 3, 8) if chinese else free.latin(rng, 2, 4)


def paint(sheet: Sheet) -> list[Topic]:
    rng, split = sheet.rng, sheet.split
    if chance(rng, 0.4):
        return sign.paint(sheet)
    chinese = chance(rng, 0.6)
    keys = list(rng.permutation(KEYS_ZH if chinese else KEYS_EN)[: 2 if sheet.level < 0.2 else int(rng.integers(2, 9))])
    if sheet.level > 0.3:
        keys = [
            (free.hanzi(rng, 2, 4) if chinese else free.latin(rng)) if chance(rng, 0.3) else str(key) for key in keys
        ]
    rows = [Row(key, key, value(rng, split, chinese)) for key in dict.fromkeys(str(key) for key in keys)]
    heading = (free.hanzi(rng, 2, 6) if chinese else free.latin(rng)) if chance(rng, 0.3) else ""
    missing = [str(key) for key in rng.permutation(KEYS_ZH if chinese else KEYS_EN) if key not in keys][:3]
    return place(sheet, rows, heading, {}, lambda printed: topics(rng, split, printed, missing, chinese))


def ask(rng, split: str, key: str, language: str, follow: bool) -> str:
    pools = (FOLLOW_ZH, READ_ZH) if language == "zh" else (FOLLOW_EN, READ_EN)
    return fill(wording(rng, split, pools[0] if follow else pools[1]), n=key)


def topics(rng, split: str, printed: dict[str, str], missing: list[str], chinese: bool) -> list[Topic]:
    languages = ("zh", "en") if chinese else ("en", "zh")
    result = []
    for key, text in printed.items():
        result.append(
            Topic(
                "label",
                "line",
                lambda language, follow, key=key, text=text: (ask(rng, split, key, language, follow), text),
                "line",
                languages=languages,
            )
        )
        for truth in (True, False):
            if chance(rng, 0.35):
                shown = text if truth else altered(rng, "serial", text, split)
                result.append(
                    yes_or_no(
                        rng,
                        split,
                        "model",
                        IS_ZH,
                        IS_EN,
                        truth,
                        lambda language, key=key, shown=shown: {"n": key, "v": shown},
                    )
                )
    for key in missing:
        result.append(
            Topic(
                "absent",
                "line",
                lambda language, follow, key=key: (ask(rng, split, key, language, follow), UNSEEN[language]),
                "line",
            )
        )
    for truth, pool in ((True, list(printed)), (False, missing)):
        key = pick(rng, pool)
        result.append(yes_or_no(rng, split, "model", THERE_ZH, THERE_EN, truth, lambda language, key=key: {"n": key}))
    return result
