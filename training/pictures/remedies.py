"""Medicines and their makers that are on no list: random characters and syllables with any form that medicine has."""

from __future__ import annotations

from training.pictures import free

FORMS_ZH = (
    "片 胶囊 颗粒 丸 散 膏 丹 口服液 糖浆 合剂 栓 软膏 乳膏 凝胶 洗剂 贴膏 喷雾剂 气雾剂 滴眼液 滴耳液 滴鼻液 注射液 混悬液 干混悬剂 缓释片 控释片 "
    "肠溶片 分散片 泡腾片 咀嚼片 口崩片 含片 舌下片 薄膜衣片 软胶囊 缓释胶囊 肠溶胶囊 滴丸 微丸 水蜜丸 大蜜丸 浓缩丸 茶 露 酒 胶 油 眼膏 鼻喷剂 "
    "吸入剂 溶液 粉 冲剂 袋泡茶 饮 贴 液 精 素片"
).split()
FORMS_EN = (
    "Tablets|Capsules|Syrup|Cream|Gel|Drops|Eye Drops|Ear Drops|Nasal Spray|Ointment|Spray|Suspension|Solution|"
    "Oral Solution|Granules|Powder|"
    "Lozenges|Injection|Inhaler|Patch|Caplets|Elixir|Lotion|Softgels|SR|ER|XL|Retard|Forte|Plus|Duo|Junior|Mite|"
    "Depot|Rapid|Night|Kids|Film-coated Tablets"
).split("|")
TAILS_ZH = (
    "药业有限公司 制药有限公司 制药厂 药业股份有限公司 生物制药有限公司 药业集团 医药科技有限公司 制药集团 药厂 药业 医药有限公司"
).split()
TAILS_EN = (
    "Pharma|Pharma Ltd.|Pharmaceuticals|Pharmaceuticals Inc.|Laboratories|Labs|Biotech|Healthcare GmbH|Lifesciences|"
    "Medical AG|Pharma Co., Ltd.|"
    "Drug Works|Therapeutics|Remedies Ltd.|Health S.A."
).split("|")


def some(rng, options):
    return options[int(rng.integers(len(options)))]


def chinese(rng) -> str:
    """Such as 泽松克缓释片: characters in any order, mostly with a form behind them."""
    stem = free.hanzi(rng, 1, 5)
    point = rng.random()
    if point < 0.72:
        return stem + some(rng, FORMS_ZH)
    if point < 0.8:
        return (stem + free.hanzi(rng, 1, 2))[:6]
    if point < 0.92:  # Latin and Chinese in one name
        word = free.latin(rng, 1, 2)
        return word + some(rng, FORMS_ZH) if point < 0.86 else word + stem[:3] + some(rng, FORMS_ZH)
    return stem + f"{rng.integers(2, 40)}号" * (point < 0.95) + some(rng, FORMS_ZH)


def latin(rng) -> str:
    """Such as Prokeaud Eye Drops or VESHTIL 25."""
    name = free.latin(rng, 2, 4)
    point = rng.random()
    if point < 0.45:
        return name
    if point < 0.85:
        return f"{name} {some(rng, FORMS_EN)}"
    if point < 0.93:
        return f"{name} {free.latin(rng, 1, 3)}"
    return f"{name} {rng.integers(1, 100) * 5}"


def maker_chinese(rng) -> str:
    return free.hanzi(rng, 2, 5) + some(rng, TAILS_ZH)


def maker_latin(rng) -> str:
    name = free.latin(rng, 1, 3)
    if rng.random() < 0.2:
        name += f" & {free.latin(rng, 1, 2)}"
    return f"{name} {some(rng, TAILS_EN)}" if rng.random() < 0.85 else name
