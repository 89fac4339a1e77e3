"""What the hand that training never sees prints: names of its own making, values by field."""

from __future__ import annotations

from training.pictures.sampling import digits, pick

HEADS = (
    "Alb Brix Corv Dru Ezl Fyn Gorm Hyst Ibr Jask Kelv Lurn Myv Norx Ostr Pryd Quel Rusk Syld Trov Ulv Vesk Wyrm Xant "
    "Yorb Zefl"
).split()
TAILS = (
    "adan erol ivast onyx ulam aprin edrol ocet usfen imor azide elvon ystin orval umab ephine ilast oxen aril etra"
).split()
GLYPHS = "安柏鼎谷锦朗铭诺启睿苏维熙泽竹紫凌宁荣尚桐文溪宇哲舟卓衡峰霖茂坤雅森泉远博迪菲桥湖翠岭"
MEDICAL = "平定清康舒宁克敏安泰润通化消复欣达利可林素"
SHAPES = "片 胶囊 颗粒 口服液 缓释片 滴眼液 软膏 糖浆".split()


def hanzi(rng, pool: str, count: int) -> str:
    return "".join(pool[i] for i in rng.choice(len(pool), count, replace=False))


def medicine(rng, chinese: bool) -> str:
    if chinese:
        return (
            hanzi(rng, GLYPHS, int(rng.integers(1, 3)))
            + hanzi(rng, MEDICAL, int(rng.integers(1, 3)))
            + pick(rng, SHAPES)
        )
    return pick(rng, HEADS) + pick(rng, TAILS) + pick(rng, ["", "", " Tablets", " Capsules", " Syrup"])


def maker(rng, zh: bool) -> str:
    if zh:
        return hanzi(rng, GLYPHS, int(rng.integers(2, 4))) + pick(
            rng, "机械厂 电气有限公司 仪表有限公司 工业集团".split()
        )
    return f"{pick(rng, HEADS)}{pick(rng, TAILS)} {pick(rng, 'Ltd.|GmbH|Inc.|Works|Electric AG'.split('|'))}"


def model(rng, zh: bool) -> str:
    text = pick(rng, HEADS).upper()[:3] + pick(rng, ["-", "", "/"]) + digits(rng, rng.integers(2, 5))
    return text + pick(rng, "ABCDEFGHKLMNPRSTUVWX") + pick(rng, ["", "-" + digits(rng, 2), "2"])


def serial(rng, zh: bool) -> str:
    return pick(rng, "ABCDEFHKLMNPRTUVWXY") * int(rng.integers(0, 2)) + digits(rng, rng.integers(5, 12))


VALUES = {
    "model": model,
    "serial": serial,
    "voltage": lambda rng, zh: f"{pick(rng, ['', 'AC ', 'DC '])}{rng.integers(5, 700)}{pick(rng, ['V', ' V'])}",
    "power": lambda rng, zh: f"{rng.uniform(0.1, 99):.{rng.integers(1, 3)}f}{pick(rng, [' kW', 'kW', ' W'])}",
    "current": lambda rng, zh: f"{rng.uniform(0.1, 99):.1f}{pick(rng, [' A', 'A'])}",
    "frequency": lambda rng, zh: f"{pick(rng, ['50', '60', '50/60', '400'])}{pick(rng, [' Hz', 'Hz'])}",
    "date": lambda rng, zh: f"{rng.integers(2001, 2031)}{pick(rng, ['-', '.', '/'])}{rng.integers(1, 13):02}",
    "ip": lambda rng, zh: ".".join(str(v) for v in rng.integers(1, 255, 4)),
    "weight": lambda rng, zh: f"{rng.uniform(0.5, 300):.1f} kg",
    "manufacturer": maker,
}
