"""Companies and their brands, as a grammar of lists, with those on no list among them in training."""

from __future__ import annotations

from training.pictures import free
from training.pictures.sampling import UNLISTED, chance, letters, or_free, pick

CITIES = (
    "上海 北京 深圳 广州 杭州 苏州 宁波 天津 南京 无锡 东莞 佛山 温州 厦门 青岛 大连 沈阳 武汉 成都 "
    "重庆 西安 长沙 合肥 "
    "济南 常州 嘉兴 台州 绍兴 珠海 中山 惠州 郑州 福州 泉州 昆明 南昌 徐州 扬州 湖州 烟台 长春 哈尔滨 石家庄 太原 "
    "江苏 浙江 广东 山东 福建 四川 河北 湖南 安徽"
).split()
SYLLABLES = (
    "华 中 国 新 大 金 东 方 南 北 海 天 兴 宏 达 科 盛 泰 安 信 恒 利 德 力 通 宇 正 光 明 星 龙 凯 瑞 博 远 创 联 特 "
    "康 丰 隆 祥 和 长 永 嘉 诚 鑫 亿 万 汇 川 江 源 森 林 威 普 森 雅 奥 飞 高 精 智 卓 越 锐 迈 思 "
    "维 睿 昌 荣 益 润 佳 "
    "美 乐 福 元 鼎 众 合 顺 志 超 群 腾 翔 捷 迅 雷 鹏 航 宝 玉 银 晶 石 山 河 云 峰 立 伟 强 胜 英 "
    "豪 杰 艺 三 九 双 百 "
    "千 汉 唐 蓝 青 红 白 乾 坤 启 辰 晨 曦 辉 耀 泽 洋 洲 湖 浦 港 京 西 汇 凌 云 为 微 芯 贝 尔 拓 "
    "朗 莱 克 斯 威 力 诺"
).split()
TRADES = (
    "电气 电机 电子 自动化 机电 仪表 机械 阀门 水泵 变压器 开关 传感器 控制 数控 机器人 气动 液压 轴承 电源 电器 科技 "
    "仪器 设备 智能 能源 工业 精密 制造 测控 环保"
).split()
KINDS = (
    "有限公司 有限公司 有限公司 股份有限公司 厂 集团 科技有限公司 设备有限公司 制造有限公司 "
    "实业有限公司 有限责任公司 集团有限公司"
).split()
LATIN_TRADES = (
    "Electric Motor Automation Controls Drives Pumps Instruments Industries Technology Systems Machinery Power Valves "
    "Sensors Robotics Tools Energy Devices Hydraulics Electronics Engineering Manufacturing"
).split()
LATIN_KINDS = "Co., Ltd.|Co., Ltd.|Co.,Ltd.|GmbH|Inc.|Corp.|AG|S.p.A.|Ltd.|LLC|B.V.|KG|S.A.|AB|Group".split("|")
VOWELS = "aeiou"
ONSETS = "b br c ch cl d dr f fl g gr h j k kr l m n p pr r s sh sk st t tr v w x z".split()
CODAS = ["", "", "", "n", "r", "l", "s", "x", "m", "nd", "rt", "ck", "st"]


@or_free(lambda rng: free.company(rng, [*KINDS, ""]), UNLISTED)
def manufacturer_chinese(rng) -> str:
    name = "".join(pick(rng, SYLLABLES) for _ in range(rng.integers(2, 4)))
    city = pick(rng, CITIES)
    if chance(rng, 0.12):
        city += "市"
    trade, kind = pick(rng, TRADES), pick(rng, KINDS)
    if trade in kind or (trade == "科技" and kind.startswith("科技")):
        kind = "有限公司"
    if chance(rng, 0.15):
        return f"{name}（{city.rstrip('市')}）{trade}有限公司"
    return f"{city if chance(rng, 0.85) else ''}{name}{trade}{kind}"


def word(rng) -> str:
    text = (
        "".join(pick(rng, ONSETS) + pick(rng, VOWELS) for _ in range(rng.integers(1, 3)))
        + pick(rng, ONSETS)
        + pick(rng, VOWELS)
        + pick(rng, CODAS)
    )
    return text.capitalize()


@or_free(lambda rng: free.maker(rng, LATIN_TRADES, LATIN_KINDS), UNLISTED)
def manufacturer_latin(rng) -> str:
    name = word(rng) if chance(rng, 0.8) else letters(rng, rng.integers(2, 4))
    if chance(rng, 0.15):
        name = f"{name} & {word(rng)}"
    trade = f" {pick(rng, LATIN_TRADES)}" if chance(rng, 0.65) else ""
    text = f"{name}{trade} {pick(rng, LATIN_KINDS)}"
    return text.upper() if chance(rng, 0.15) else text


@or_free(lambda rng: free.hanzi(rng, 2, 4) if chance(rng, 0.4) else free.latin(rng, 1, 3))
def brand(rng) -> str:
    if chance(rng, 0.3):
        return "".join(pick(rng, SYLLABLES) for _ in range(2))
    text = word(rng)
    return text.upper() if chance(rng, 0.6) else text
