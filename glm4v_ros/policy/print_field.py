"""What print is asked for, and what a printed label says stands beside it."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from glm4v_ros.policy.print_date import dates

_COMPANY = re.compile(
    r"公司|集团|厂$|股份|实业|\b(?:co|ltd|inc|corp|gmbh|llc|ag|plc|s\.?a|b\.?v|limited|company|group|works|industries|elektro\w*|"
    r"electrics?|instruments?|technolog\w+)\b",
    re.IGNORECASE,
)

_QUANTITY = re.compile(  # how much is in a box, or in a tablet
    r"\d[\d.,]*\s*(?:[mµμ]?g|mcg|kg|m?l|iu|%|毫克|微克|克|毫升|升|单位|(?:x|×)?\s*\d*\s*(?:片|粒|丸|袋|支|板|瓶|tabs?|tablets?|caps?|capsules?|pcs))(?![a-z])",
    re.IGNORECASE,
)


def names_company(text: str) -> bool:
    return bool(_COMPANY.search(text))


def states_quantity(text: str) -> bool:
    """How much is in a package, or in a tablet."""
    return bool(_QUANTITY.search(unicodedata.normalize("NFKC", text)))


@dataclass(frozen=True)
class Field:
    """Something that is printed on plates, boxes and displays. Labels may stand in questions, too; all are regular expressions."""

    name: str
    chinese: str  # labels, which may be parts of longer ones
    latin: str  # labels, whole words in any case
    asked: str = ""  # further ways to ask for it
    numeric: bool = False  # a number with a unit: a letter in it can only be a digit misread
    unit: str = ""  # what its values end in, where that tells it from others
    bare: bool = False  # often printed without a label

    def may_be(self, text: str) -> bool:
        """Whether a text that has no label could be a value of it."""
        text = unicodedata.normalize("NFKC", text)
        if self.unit:
            return bool(re.search(rf"\d\s*(?:{self.unit})\W*$", text))
        if self.name == "ip":
            return bool(re.fullmatch(r"\D*\d{1,3}(?:\.\d{1,3}){3}\D*", text))
        if self.name in ("date", "expiry"):
            return bool(dates(text))
        if self.name == "manufacturer":
            return names_company(text)
        if self.name == "model":
            return any(character.isdigit() for character in text)
        if self.name == "drug":
            text = _QUANTITY.sub(" ", text)
        if self.name in ("drug", "product", "brand"):
            return not names_company(text) and not dates(text) and any(character.isalpha() for character in text)
        return self.bare


# The first that fits a label best is taken: longer labels go before shorter ones in any case.
FIELDS = (
    Field("serial", r"(?:产品|出厂|设备|机身|机器|整机|仪表)?(?:序列号|编号|序号|机号)|出厂号|机身号|机号|流水号",
          r"s/?n|5/n|ser(?:ial)?[ .]*(?:no|number|nr|#)?|s/no|(?:factory|unit|prod(?:uct)?)[ .]*(?:no|number)|no|nr"),
    Field("model", r"(?:产品|设备|规格|机器)?型号(?:规格)?|机型|款式",
          r"(?:product |device |type )?model(?: ?(?:no|number|name|nr))?|type(?: (?:designation|no|number))?|mod|part ?(?:no|number)|"
          r"p/n|cat(?:alog)?(?:ue)? ?(?:no|number)",
          r"which (?:device|machine|unit) is|what type", bare=True),
    Field("date", r"(?:生产|制造|出厂|製造)(?:日期|年月|时间|年份)|日期|製造年月",
          r"(?:mfg|mfd|mfr|manufactur(?:ed|ing|e)|prod(?:uction)?|build|built)?[ .]*date(?: of (?:mfg|manufacture|production|issue))?|"
          r"manufactured(?: on)?|mfd|made|date code",
          r"(?:什么时候|何时|哪天|哪年|哪一年|几时)\S*(?:生产|出厂|制造|做)|(?:生产|出厂|制造)\S*(?:什么时候|哪天|哪年)|"
          r"\bwhen (?:was|were|is)\b.*\b(?:made|manufactured|produced|built)\b", bare=True),
    Field("expiry", r"有效期(?:至|到)?|失效日期|保质期(?:至|到)?|到期日?",
          r"exp(?:iry|iration|ires)?[ .]*(?:date)?|use by|best before|use before|valid until",
          r"过期|失效|到什么时候|能用到|\bexpires?\b|\bgood until\b|\bexpiration\b|\bout of date\b|\buntil when\b|"
          r"\bhow long is (?:it|this) (?:good|valid)\b", bare=True),
    Field("batch", r"(?:产品|生产)?批号|批次", r"lot(?: ?no)?|batch(?: ?(?:no|number))?|b/n"),
    Field("mac", r"MAC地址|物理地址", r"mac(?: ?(?:address|addr|id))?"),
    Field("ip", r"(?:默认|设备)?IP地址|网络地址|网络IP|设备IP|默认IP",
          r"(?:default |lan |device )?ip(?:v4)?(?: ?(?:address|addr))?|network address", numeric=True),
    Field("ip_rating", r"(?:外壳)?防护等级|外壳防护|防水等级",
          r"protection(?: class)?|prot(?: class)?|enclosure|degree of protection|ingress(?: protection)?|ip (?:rating|code|class)"),
    Field("input_voltage", r"(?:额定)?输入(?:侧)?(?:电压)?", r"(?:rated )?[il1]nput(?: volt(?:age)?)?|voltage of the input",
          numeric=True),
    Field("output_voltage", r"(?:额定)?输出(?:侧)?(?:电压)?",
          r"(?:rated )?output volt(?:age)?|voltage of the output|output", numeric=True),
    Field("supply", r"(?:供电|输入)?电源(?:规格|要求)?|供电规格", r"(?:power |mains )?supply(?: rating)?|mains|source|power source",
          numeric=True),
    Field("voltage", r"(?:额定|工作|供电|标称)?电压值?", r"(?:rated |operating |nominal |supply )?volt(?:age|s)?(?: rating)?|un?|ue",
          r"多少伏|几伏|\bhow many volts\b", numeric=True, unit=r"[kKmM]?V(?:AC|DC)?|VAC|VDC|V~"),
    Field("power", r"(?:额定|输出|标称|电|输入)?功率值?", r"(?:rated |nominal |output )?power(?: rating)?|wattage|pn?|rated output",
          r"多少瓦|多少千瓦|\bhow (?:many watts|powerful)\b", numeric=True, unit=r"[kKmM]?W|[kK]?VA|HP|hp"),
    Field("current", r"(?:额定|工作|标称)?电流值?", r"(?:rated |operating )?curr(?:ent)?(?: rating)?|amp(?:s|erage|eres)?|in?|rated amp",
          r"多少安|几安|\bhow many amp", numeric=True, unit=r"m?A"),
    Field("frequency", r"(?:额定|工作)?频率值?", r"(?:rated |operating )?freq(?:uency)?(?: rating)?|f|fn|hertz",
          r"多少赫兹|\bhow many hertz\b", numeric=True, unit=r"[kMG]?H[zZ]"),
    Field("temperature", r"(?:工作|环境|使用|允许|适用|当前|实时|测量|储存)?温度(?:范围|值)?",
          r"(?:operating |ambient |working |permitted |storage |current |measured )?temp(?:erature)?(?:[ .]*range)?|amb|ta|pv",
          r"多少度|几度|\bhow (?:hot|cold)\b", numeric=True, unit=r"°?[CF]|K"),
    Field("setpoint", r"设定(?:值|温度)?|目标温度", r"set(?: ?point)?|sv|sp|target(?: temperature)?", numeric=True),
    Field("humidity", r"(?:相对|当前|环境)?湿度", r"(?:relative |current )?humi(?:dity)?|rh", numeric=True, unit=r"%(?:RH)?"),
    Field("pressure", r"(?:当前|工作|额定|最大)?压力值?|压强", r"(?:current |working |rated |max )?press(?:ure)?(?: reading)?|p(?=\s)",
          numeric=True, unit=r"[kKMmh]?Pa|m?bar|psi"),
    Field("flow", r"(?:额定|当前|瞬时)?流量", r"(?:rated |current )?flow(?: ?rate)?|q", numeric=True,
          unit=r"m³/h|m3/h|L/(?:min|h|s)|l/(?:min|h|s)|LPM|GPM"),
    Field("head", r"扬程", r"head|h", numeric=True),
    Field("speed", r"(?:额定|当前)?(?:转速|速度)", r"(?:rated |rotational |motor )?speed|rpm|n", r"每分钟多少转|\brevolutions per\b|\bhow fast\b",
          numeric=True, unit=r"r/min|rpm|RPM"),
    Field("weight", r"称重|(?:净|毛|当前)?重量?|质量", r"(?:net |gross )?w(?:eigh)?t|net|gross|mass",
          r"多重|\bhow heavy\b|\bhow much does it weigh\b",
          numeric=True, unit=r"[kKm]?[gG]|t|lbs?|oz"),
    Field("level", r"(?:当前)?(?:液|水|料|油)位", r"(?:liquid |water |tank |oil )?level", numeric=True, unit=r"%|mm|cm|m"),
    Field("manufacturer", r"制造商|生产(?:厂家|商|企业|单位|厂)|制造(?:厂家?|单位|企业)|厂家|厂商|公司名称",
          r"manufacturer(?:'s name)?|mfr|made by|maker|producer|company(?: name)?|name of the maker|manufactured by",
          r"谁(?:家)?(?:生产|制造|的产品)|哪(?:个|家|一家)(?:公司|厂|企业)|\bwho (?:made|makes|manufactured|produced|built|is the)\b|"
          r"\b(?:which|what) company\b", bare=True),
    Field("brand", r"品牌|商标|牌子|商品名称?", r"brand(?: name)?|trademark", bare=True),
    Field("product", r"(?:产品|设备|仪器)名称|品名", r"(?:product|equipment|device) name|name of the product|product|equipment",
          r"(?:什么|哪种)(?:设备|产品|仪器|机器)|这是什么[？?]?$|\bwhat (?:kind of )?(?:device|product|equipment|machine) is\b|\bwhat is this\W*$",
          bare=True),
    Field("drug", r"(?:药品|通用)名称?|药名", r"(?:drug|medicine|generic) name|name of the (?:drug|medicine)",
          r"什么药|哪种药|药(?:品)?(?:叫|的名字|是什么)|\b(?:what|which) (?:medicine|drug|medication|pills?|tablets?)\b|"
          r"\bname of (?:this|the) (?:medicine|drug|medication)\b|\b(?:medicine|drug|medication) called\b|药叫什么", bare=True),
    Field("standard", r"(?:执行|产品)?标准号?", r"(?:product )?st(?:andar)?d(?: ?(?:no|number))?"),
    Field("insulation", r"绝缘(?:等级|级别)?", r"ins(?:ulation)?[ .]*(?:cl(?:ass)?)?|class of insulation"),
    Field("duty", r"工作制|定额", r"duty(?: cycle)?|rating"),
    Field("spec", r"(?:产品|药品)?规格", r"spec(?:ification)?s?|size|strength"),
    Field("version", r"(?:软件|硬件|固件)?版本号?", r"(?:software |hardware |firmware |hw |sw |fw )?ver(?:sion)?|rev(?:ision)?"),
    Field("energy", r"(?:总|累计)?(?:电能|电量|电度|能耗)", r"(?:total )?energy|consumption", numeric=True, unit=r"[kM]?Wh"),
    Field("resistance", r"(?:绝缘)?电阻", r"(?:insulation )?resistance|r", numeric=True, unit=r"[kMm]?Ω"),
    Field("concentration", r"浓度|CO2|二氧化碳", r"co2|concentration|conc", numeric=True, unit=r"ppm|mg/m³|mg/L"),
    Field("acidity", r"酸碱度|pH值?", r"ph(?: value)?", numeric=True),
    Field("noise", r"噪[声音]", r"noise(?: level)?|sound level", numeric=True, unit=r"dB(?:\(A\))?"),
    Field("count", r"产量|计数|件数|数量", r"count(?:er)?|quantity|qty|pieces", numeric=True, unit=r"pcs|件|个"),
    Field("time", r"(?:当前|北京|运行)?时间|时刻", r"(?:clock |current |run(?:ning)? )?time|clock", r"几点|\bwhat time\b", numeric=True,
          unit=r":\d\d"),
    Field("port", r"端口号?", r"port(?: ?(?:no|number))?"),
    Field("gateway", r"(?:默认)?网关", r"(?:default )?gateway"),
    Field("mask", r"子网掩码|掩码", r"(?:subnet |net)mask"),
    Field("capacity", r"(?:额定)?(?:容量|容积)", r"(?:rated )?capacity|volume"),
    Field("dose", r"用法用量|用法|用量", r"directions|dosage(?: and administration)?",
          r"[吃服用饭餐]\S{0,4}[还几]|几[次回片粒]|怎么[吃服用]|多久[吃服用]|[饭餐][前后]|什么时候[吃服用]|"
          r"\btimes (?:a|per) day\b|\bhow (?:often|frequently)\b|\b(?:before or after|with) (?:a )?(?:meals?|food|eating)\b|"
          r"\bhow\b.*\b(?:take|taken|used?)\b|\bwhen\b.*\b(?:take|taken)\b"),
    Field("origin", r"产地", r"(?:country of )?origin|made in"),
)  # fmt: skip
BY_NAME = {field.name: field for field in FIELDS}
# What may answer a question for the first where its own label is not printed.
_ALSO = {"voltage": ("input_voltage", "output_voltage", "supply"), "frequency": ("supply",), "temperature": ("setpoint",),
         "manufacturer": ("brand",), "brand": ("manufacturer",), "input_voltage": ("supply", "voltage"),
         "drug": ("product",), "supply": ("voltage",)}  # fmt: skip
_NO_PRINT = re.compile(
    r"\bhow many\b(?! (?:volts|watts|amp|hertz|revolutions|degrees|times))|\bwhat colou?r\b|\bwhich colou?r\b|\bwhere\b|\bcolou?r\b|"
    r"几[个颗只种盏根片枚栋支把位人辆张条块]|有多少[个颗只种盏根片枚栋支把位人辆张条块]|多少[个颗只盏根枚]|什么颜色|哪种颜色|哪个颜色|颜色|"
    r"在哪|哪里|位置|\b(?:lamps?|lights?|leds?) (?:is|are)\b|哪个?盏?灯|灯亮|\bneedle\b|\bpointer\b|\bgauge\b|\bdial\b|指针|"
    r"表(?:的)?读数|压力表|表盘|仪表盘|\bhow full\b|\bdescribe\b|描述",
    re.IGNORECASE,
)
_YES_OR_NO = re.compile(
    r"^\W*(?:is|are|was|were|does|do|did|has|have|can|could|will|would|should|isn't|aren't|doesn't)\b(?! you (?:read|tell|see the)\b)"
    r"(?!.*\b(?:what|which|read it|what is it)\b)|\b(?:right|isn't it|correct|true)\?\s*$|吗\W*$|是不是|有没有|是否|对不对|对吗|没有\W*$",
    re.IGNORECASE,
)
_EITHER = re.compile(r"\bor\b|还是", re.IGNORECASE)  # before or after meals? No "yes" answers it
_OPEN = re.compile(
    r"显示|写|印|读|屏|数字|内容|文字|什么字|第.行|\b(?:shown?|says?|displays?|displayed|reads?|reading|written|printed|print|text|words?|line|row|"
    r"number|digits|screen)\b",
    re.IGNORECASE,
)
_READ_IT = re.compile(r"读一下|是什么|是多少|念|\bwhat is it\b|\bread\b|\btell me\b", re.IGNORECASE)


def asked_field(question: str) -> Field | None:
    """The field that a question asks for; None where it asks for something else."""
    text = unicodedata.normalize("NFKC", question)
    for field in FIELDS:
        if field.asked and re.search(field.asked, text, re.IGNORECASE):
            return field
    best, length = None, 0
    for field in FIELDS:
        for match in re.finditer(_in_question(field), text):
            # Later words and longer ones: the IP rating is no IP, and "the label's serial number" no label.
            if len(match[0]) > length and len(match[0].strip(". ")) > 1:
                best, length = field, len(match[0])
    return best


def may_ask_for_print(question: str) -> bool:
    """Whether an answer could quote print; a question for a count, a colour or yes and no does not."""
    text = unicodedata.normalize("NFKC", question)
    if _YES_OR_NO.search(text) and not _READ_IT.search(text) and not (_EITHER.search(text) and asked_field(text)):
        return False
    return not _NO_PRINT.search(text)


def is_open(question: str) -> bool:
    """Whether it asks for print whatever it says: what is written, shown, displayed."""
    return bool(_OPEN.search(question))


def instead(field: Field) -> tuple[str, ...]:
    """The names of the fields that may answer for it where it has no label of its own."""
    return _ALSO.get(field.name, ())


# Labels that are letters of a formula, or words that questions use for something else.
_LABELS_ALONE = set(
    "r net gross pieces in? un? ue pn? fn f n h q i ta sp sv pv no nr made size source target rating enclosure head level p(?=\\s)".split()
)


@lru_cache(None)
def _in_question(field: Field) -> re.Pattern[str]:
    words = "|".join(word for word in _alternatives(field.latin) if word not in _LABELS_ALONE)
    return re.compile(rf"(?:{field.chinese})|(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)


@lru_cache(None)
def any_label() -> re.Pattern[str]:
    """Matches where one of ``label_pattern``'s does, forty times as fast."""
    return re.compile("|".join(label_pattern(field).pattern for field in FIELDS), re.IGNORECASE)


@lru_cache(None)
def label_pattern(field: Field) -> re.Pattern[str]:
    """At the beginning of what is left of a line."""
    latin = re.sub(r"\[ \.\]\*| \??", "[ .]{0,2}", field.latin)  # readers lose blanks
    return re.compile(rf"(?:(?:{field.chinese})|(?:{latin})(?![A-Za-z])\.?)", re.IGNORECASE)


def _alternatives(pattern: str) -> list[str]:
    """Of a regular expression, split where | is in no parentheses."""
    parts, depth, begun = [], 0, 0
    for place, character in enumerate(pattern):
        depth += (character == "(") - (character == ")")
        if character == "|" and depth == 0:
            parts.append(pattern[begun:place])
            begun = place + 1
    return [*parts, pattern[begun:]]
