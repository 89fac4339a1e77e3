"""Names of medicines, as a grammar of listed syllables, with those on no list among them in training."""

from __future__ import annotations

from training.pictures import remedies
from training.pictures.sampling import UNLISTED, chance, or_free, pick

FIRST = "阿 罗 头 克 布 氯 甲 奥 美 利 西 红 诺 左 维 辛 替 氨 依 双 吉 普 沙 卡 伏 苯 格 多 比 氟".split()
MIDDLE = "莫 红 孢 拉 洛 雷 硝 美 他 巴 沙 格 尼 地 替 氯 诺 沙 米 卡 仑 列 克 洛 多 司 舒 立 那 托".split()
LAST = (
    "西林 霉素 沙星 洛芬 他定 拉唑 地平 沙坦 替丁 他汀 司琼 唑 酸钠 尼 平 林 素 定 嗪 胺 酮 普利 洛尔 列汀 格列".split()
)
FORMS_ZH = "胶囊 片 颗粒 口服液 缓释片 分散片 肠溶片 软胶囊 滴丸 咀嚼片".split()
HERBS = (
    "复方 小儿 感冒 清热 止咳 健胃 消食 板蓝根 银翘 藿香 牛黄 安神 补血 益气 活血 养胃 清肺 润喉 双黄连 三七".split()
)
FORMS_EN = ["", "", "", " Tablets", " Capsules", " Plus", " Forte", " XR"]
STEMS = (
    "Amo Cef Ibu Lor Met Nap Ome Pan Ros Sim Tel Val Zol Dic Fam Ket Lev Mon Par Ran Ser Tra Vil Clo Dox "
    "Eno Flu Gli Hep Ari Bet Cal"
).split()
MIDS = "xi pro ta me lo ra di fo na pe si ti va zo ca de fi mu".split()
ENDS = (
    "cillin|fen|pril|sartan|statin|zole|pine|dine|mycin|floxacin|lol|gliptin|tide|vir|xil|dol|nac|lam|"
    "rin|zine|mab|tine|one|ol|an"
).split("|")


@or_free(remedies.chinese, UNLISTED)
def drug_chinese(rng) -> str:
    if chance(rng, 0.25):
        head = pick(rng, HERBS)
        tail = pick(rng, [h for h in HERBS if h != head])
        return head + tail + pick(rng, FORMS_ZH)
    return pick(rng, FIRST) + pick(rng, MIDDLE) * (rng.random() < 0.75) + pick(rng, LAST) + pick(rng, FORMS_ZH)


@or_free(remedies.latin, UNLISTED)
def drug_latin(rng) -> str:
    text = pick(rng, STEMS) + "".join(pick(rng, MIDS) for _ in range(rng.integers(0, 2))) + pick(rng, ENDS)
    return (text.upper() if chance(rng, 0.2) else text) + pick(rng, FORMS_EN)
