"""Words for what is written without words: marks, abbreviations, symbols."""

from __future__ import annotations

_WORDS = {
    "dot": ("dot", "点"), "slash": ("slash", "斜杠"), "dash": ("dash", "杠"), "underscore": ("underscore", "下划线"),
    "at": ("at", "艾特"), "colon": ("colon", "冒号"), "port": ("port", "端口"), "to": ("to", "到"), "by": ("by", "乘"),
    "plus": ("plus", "加"), "or": ("or", "或"), "and": ("and", "和"), "per": ("per", "每"),
    "version": ("version", "版本"), "star": ("star", "星"),
}  # fmt: skip
ABBREVIATIONS = {
    "en": {
        "e.g.": "for example", "i.e.": "that is", "approx.": "approximately", "vs.": "versus", "etc.": "et cetera",
        "max.": "maximum",
        "min.": "minimum", "temp.": "temperature", "qty": "quantity", "Qty": "quantity", "QTY": "quantity",
        "S/N": "serial number",
        "SN": "serial number", "P/N": "part number", "PN": "part number", "N/A": "not available", "w/o": "without",
        "w/": "with",
        "No.": "number", "Mfg.": "manufacturing", "MFG": "manufacturing date", "EXP": "expiry date", "LOT": "lot",
        "Fig.": "figure",
        "Dr.": "Doctor", "Mr.": "Mister", "Mrs.": "Missus", "Ltd.": "Limited", "Co.": "Company",
        "approx": "approximately",
    },
    "zh": {
        "S/N": "序列号", "SN": "序列号", "P/N": "零件号", "PN": "零件号", "N/A": "不适用", "No.": "编号", "MFG": "生产日期",
        "EXP": "有效期",
        "LOT": "批号", "Qty": "数量", "QTY": "数量", "max.": "最大", "min.": "最小",
    },
}  # fmt: skip
SYMBOLS = {
    "en": {
        "&": " and ", "@": " at ", "+": " plus ", "=": " equals ", "±": " plus or minus ", "≥": " at least ",
        "≤": " at most ", "<": " less than ",
        ">": " greater than ", "≈": " about ", "~": " about ", "～": " about ", "×": " times ", "÷": " divided by ",
        "%": " percent ",
        "°": " degrees ", "→": ", ", "/": ", ", "\\": " backslash ", "#": " number ", "№": " number ",
        "♂": " male ", "♀": " female ",
        "§": " section ", "©": "", "®": "", "™": "", "≠": " is not equal to ", "√": " yes ", "✓": " yes ",
        "✔": " yes ", "✗": " no ", "✘": " no ",
        "Ω": " ohms ", "φ": " diameter ", "Φ": " diameter ", "ø": " diameter ", "∞": " infinity ",
    },
    "zh": {
        "&": "和", "@": "艾特", "+": "加", "=": "等于", "±": "正负", "≥": "大于等于", "≤": "小于等于", "<": "小于", ">": "大于",
        "≈": "约等于",
        "~": "约", "～": "约", "×": "乘", "÷": "除以", "%": "百分号", "°": "度", "→": "，", "/": "，", "\\": "反斜杠", "#": "号",
        "№": "编号",
        "♂": "男", "♀": "女", "§": "第", "©": "", "®": "", "™": "", "≠": "不等于", "√": "是", "✓": "是", "✔": "是", "✗": "否",
        "✘": "否",
        "Ω": "欧", "φ": "直径", "Φ": "直径", "ø": "直径", "∞": "无穷大",
    },
}  # fmt: skip


def word(name: str, language: str) -> str:
    return _WORDS[name][language == "zh"]


def padded(word: str, language: str) -> str:
    return f" {word} " if language == "en" else word
