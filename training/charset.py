"""Appends to charset.txt what the grammars, labels and questions use and it lacks: ``python -m training.charset``.

charset.txt is one line, one character a token, and only ever grows at its end, so that trained weights keep their rows.
"""

from __future__ import annotations

import ast
from pathlib import Path

HERE = Path(__file__).parent
ASCII = "".join(map(chr, range(32, 127)))
SIGNS = "±~～℃°℉Ω×·÷（）：，。？！、；“”‘’《》【】—–-…％‰μφΦηαβΔ³²½¼≤≥≈√→←↑↓●○■□▲△★☆¥€£§©®™％／－＋＝"

COMMON = (  # the most frequent characters of written Chinese, for what people ask
    "一是人了不在有大中国和为这上他个地年来我会以到时要出的生学说道民家子也成行下们于后就发自之对得主"
    "长可过天作分方用多你着部能市等业全里工公经本"
    "都而高政法面门动日进区事代那去心小同北定开产前其军还然起种所如现理机体表力好外与文当两实重新三么"
    "只山水关明从化平建又制南内西没此将员名手最东"
    "头者月间无安看见各城十相但已些正口通想度加第她合院物性战由位常点海意场武使次二向治因立数样身情入"
    "原问把路被并利石老教万知级量任江及应省资委务"
    "元美特期世湖回系比气汉总展电科金先声提品设或义王社很统处四首共马形己儿司太目基领队直计别女权话少"
    "流命至报米给打变果书清活几州华解议更称程今决"
    "张导术府才保交放管结师便走达族反再题色五京河接条规式县白它改风光运信受什组听布百济党指论强做取技"
    "黄神选记斯真却职号界件花类何眼兵传带空干农边"
    "据集联古广完质阳难增历史专官每住商即步认车台林必死游举线言皇土团收考求德叫近备研争非具李众连调感"
    "转笑革该持始英克士尔让拉思根格造较际亲单朝红"
    "型价校约器字段周亚深候则功属积快图火千准究往极育装许参半令吃观鱼精办像帝八复影告远群包整构料随划"
    "算象容示投势热值夫网望源息语股铁断派速怎需片"
    "爱律纪支早况病境证编越局推满且列觉服双未居除乐企引标确织初青志率项飞球节察龙响药站施均消客失轻存"
    "低甚般击曾防请离落显罗营足素视护副食创余照兴"
    "占巴虽洲村费易试星木黑左宝置跟央识维采六底宫房音环案批切斗富乡另倒若按查故突责严桥模仅胜杀围席态"
    "破承招杨负层须父供续状域"
)


def used() -> str:
    """Every character of a string literal in the package."""
    text = []
    for file in sorted(HERE.glob("pictures/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text.append(node.value)
    return "".join(text)


def main():
    path = HERE / "charset.txt"
    charset = path.read_text(encoding="utf-8") if path.exists() else ""
    for character in ASCII + SIGNS + used() + COMMON:
        if character not in charset and character.isprintable():
            charset += character
    path.write_text(charset, encoding="utf-8")
    print(f"{len(charset)} characters")


if __name__ == "__main__":
    main()
