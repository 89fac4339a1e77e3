"""Appends to charset.txt what the grammars, labels and questions use and it lacks: ``python -m training.charset``.

charset.txt is one line, one character a token, and only ever grows; `restore.py` finds a token's trained row by its character.
`--frequencies FILE`, lines of "WORD COUNT ..." such as the dictionary of the package jieba, also appends the most frequent Chinese characters.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
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

#: What names of medicines and machines use beside the frequent characters.
TRADE = (
    "氟羟嘧啶哌噻嗪酰胺喹啉唑酮苷泮芬吡咪醇酯腺呤氨磺脲羧氯溴碘硫硝钠钾钙镁锌铋锂铝钴硒蒿荷芪芩芎枸杞茯苓柴胡薏苡枇杷参归贝母桔梗枣仁附桂莲芷辛夷翘"
    "铬锰钛镍钨钼焊镀轴辊缸泵阀阻熔栅柜槽螺栓垫钉铰链钳滤罐桶釜炉窑轮齿簧刹耦矢磁谐频赫伏安瓦欧姆焦帕"
)


def frequent(path: Path, most: int) -> str:
    """The `most` most frequent characters of a list of words that are on the first level of GB 2312."""
    counts: Counter[str] = Counter()
    for line in path.read_text(encoding="utf-8").splitlines():
        word, count, *_ = line.split(" ")
        for character in word:
            counts[character] += int(count)
    return "".join([c for c, _ in counts.most_common() if first_level(c)][:most])


def first_level(character: str) -> bool:
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) == 2 and 0xB0 <= code[0] <= 0xD7


def used() -> str:
    """Every character of a string literal in the package."""
    text = []
    for file in sorted(HERE.glob("pictures/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text.append(node.value)
    return "".join(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frequencies", type=Path)
    parser.add_argument("--most", type=int, default=2400)
    a = parser.parse_args()
    path = HERE / "charset.txt"
    charset = path.read_text(encoding="utf-8") if path.exists() else ""
    for character in ASCII + SIGNS + used() + COMMON + TRADE + (frequent(a.frequencies, a.most) if a.frequencies else ""):
        if character not in charset and character.isprintable():
            charset += character
    path.write_text(charset, encoding="utf-8")
    print(f"{len(charset)} characters")


if __name__ == "__main__":
    main()
