"""What may be said about a medicine: what two pictures agree is printed on it, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from glm4v_ros.policy.verification import Verdict, Verification


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# English patterns are words; Chinese has no word boundaries. Where both are possible a question counts as one of these.
_MEDICINE = _any(
    r"\b(?:medicines?|medications?|medicaments?|drugs?|prescriptions?|pharma\w*|antibiotics?|painkillers?|vitamins?)\b",
    r"\b(?:pills?|tablets?|capsules?|caplets?|syrups?|ointments?|inhalers?|suppositor\w+|blister packs?|eye ?drops)\b",
    r"\b(?:dos(?:e|es|age)|insulin|paracetamol|ibuprofen|aspirin|\d+(?:\.\d+)?\s?(?:mg|mcg|µg|μg|IU))\b",
    r"药(?!店|监)|胶囊|片剂|冲剂|颗粒剂|口服液|滴眼液|软膏|用量|用法|处方|服用|剂量|毫克|国药准字",
    r"阿司匹林|布洛芬|胰岛素|维生素",
)
_WHO = r"(?:i|he|she|we|they|my \w+|grandma|grandpa|mom|dad)"
_ASKS_DOSE = _any(
    r"\bhow (?:many|much|often|long)\b.*\b(?:take|taking|need|have|give|swallow|use|apply)\b",
    rf"\b(?:should|can|may|must|shall|could) {_WHO}\b.*\b(?:take|have|swallow|use|eat|drink|mix|stop|give)\b",
    r"\b(?:right|correct|safe|recommended|my|his|her|daily|maximum|max) dos(?:e|age)\b",
    r"\bwhen\b.*\b(?:take|taking)\b",
    r"\b(?:dose|dosage) (?:should|for|do)\b",
    r"\bsafe to (?:take|mix|use)\b|\btake (?:it|this|these|them)\b",
    r"(?:吃|服|喝|用|打|注射|涂|滴)\S{0,4}(?:几|多少|多久|多长)",
    r"(?:几|多少)(?:片|粒|颗|毫克|毫升|次)\S{0,4}(?:吃|服|喝|用)",
    r"(?:该|应该|可以|能|能不能|可不可以|要不要|需要)\S{0,6}(?:吃|服|喝|停药)",
    r"(?:什么时候|何时|怎么|如何|饭前|饭后)\S{0,6}(?:吃|服|喝|用)",
    r"(?:吃|服|喝)(?:这|那)\S{0,6}(?:吗|么)|一起吃",
)
# What is asked about is harmless only if every word is known: of a question that sounds like one for a dose, nothing but one
# verb and these things and little words. A brand is a word like any other, so each unknown word could be a medicine.
_THING = (
    r"(?:umbrella|coat|jacket|scarf|hat|gloves?|shoes?|slippers|bag|basket|key|phone|telephone|book|newspaper|picture|photo|"
    r"chair|table|door|window|lamp|light|fridge|shelf|kitchen|stove|oven|kettle|toaster|microwave|dishwasher|washing machine|"
    r"remote(?: control)?|television|tv|radio|computer|lift|elevator|stairs|wheelchair|walker|bus|tram|train|taxi|car|bicycle|"
    r"bath|shower|walk|eggs?|apples?|bananas?|oranges?|pears?|potato(?:es)?|tomato(?:es)?|carrots?|bread|rolls?|cheese|rice|noodles)"
)
_COUNTED = r"(?:milk|water|juice|coffee|tea|cups?|mugs?|glasses|plates?|bowls?|forks?|knives)"
_COUNTS = _any(r"^\W*how (?:many|much)\b[\w\s]*? (?:do|did) (?:i|we|you) (?:still )?have\b(?! to\b)(?!.*\b(?:today|tomorrow|now)\b)")
_LITTLE = (
    r"(?:how|many|much|long|when|where|should|can|may|must|shall|could|do|does|did|are|is|be|there|i|you|he|she|we|they|a|an|the|"
    r"this|that|these|those|my|our|your|his|her|grandma|grandpa|mom|dad|or|and|in|on|at|to|left|still|here|now|today|tomorrow|"
    r"please|any|some|clean|fresh|red|blue|green|yellow|big|small)"
)
_VERB = r"(?:take|taking|have|use|eat|need|give)"
_CHINESE_THING = (
    r"(?:[这那](?:个|把|件|台|些)?)?(?:鸡蛋|苹果|香蕉|橙子|面包|馒头|包子|饺子|米饭|面条|水果|蔬菜|土豆|雨?伞|外套|帽子|手套|钥匙|手机|电话|电视|"
    r"遥控器|电梯|洗衣机|微波炉|烤箱|电饭煲|冰箱|轮椅|椅子|桌子|灯)"
)
_CHINESE_LITTLE = (
    r"(?:我们?|你|您|他|她|奶奶|爷爷|妈妈|爸爸|应该|该|可不可以|可以|能不能|能|要不要|要|需要|还|几|多少|多久|个|只|把|吗|么|呢|怎么|如何|什么时候|"
    r"何时|今天|现在|的|了)"
)
_CHINESE_VERB = r"[吃用打]"
_NAMES_DOSE = _any(r"\bdos(?:e|age)\b", r"剂量|用量")  # may mean the printed one
_PILL = r"\b(?:pills?|tablets?|capsules?)\b"
_CHINESE_PILL = r"(?:药片|药丸|药粒|胶囊|片子)"
_ASKS_PILL = _any(
    rf"\b(?:what|which|identify|recogni[sz]e|name|whose)\b.*{_PILL}",
    rf"{_PILL}.*\b(?:is (?:this|that|it)|are (?:these|those|they))\b",
    rf"(?:什么|哪种|哪个|认|识别|辨认)\S{{0,6}}{_CHINESE_PILL}|{_CHINESE_PILL}\S{{0,6}}(?:是什么|叫什么|哪种|哪个)",
)
_READ_OUT = _any(r"\b(?:read|printed|print|says?|written|label)\b", r"印|写着|写的|上面写|读|念")
_PACKAGE = _any(
    r"\b(?:box|boxes|package|packaging|packet|pack|bottle|leaflet|carton)\b",
    r"盒|瓶|包装|标签|说明书|写",
    _READ_OUT.pattern,
)
_STATES_DOSE = _any(
    r"\b(?:take|swallow|use|apply|give)\b[^.。]*\b(?:one|two|three|four|half|\d+(?:[./]\d+)?)\b",
    r"\b(?:once|twice|three times|\d+ times|every \d+ hours?)\b|\byou (?:should|can|may|must|need)\b|\bdaily dose\b",
    r"(?:每次|一次|每日|每天|一日|一天|每晚|每隔)\S{0,6}[\d一二两三四五六半]|[\d一二两三四五六半]\s?次\s?[/每]?[日天]",
    r"^\W*take\b|\btake (?:it|this|these|them)\b",
    r"\b(?:with|before|after|between) (?:meals?|food|water|breakfast|lunch|dinner|supper|bed(?:time)?)\b",
    r"饭前|饭后|餐前|餐后|随餐|空腹|睡前",
    r"(?:您|你)?(?:应该|应当|可以|需要|请)\S{0,4}(?:吃|服|喝|用)",
)
_TEXTS = {
    "dose": (
        "I do not give doses or advice on medicines. Please ask a pharmacist or a doctor.",
        "我不能告诉您药怎么吃、吃多少，请问药师或医生。",
    ),
    "pill": (
        "I cannot tell a medicine by the look of a pill. Please show me the package, or ask a pharmacist.",
        "我不能凭外观认药片，请给我看药盒，或者问药师。",
    ),
    "look": (
        "To be certain I need a second look at this medicine. Please move its package a little and ask me again.",
        "我要再看一眼才能确定这是什么药，请把药盒稍微动一动，再问我一次。",
    ),
    "unchecked": (
        "I cannot check the name of this medicine: {reason}. Please ask somebody to look at the package.",
        "我没法核对这个药的名字：{reason}。请让人看一下药盒。",
    ),
    "unsure": (
        "I cannot read this medicine with certainty. Please ask somebody to look at the package.",
        "我看不清这个药，不能确定，请让人看一下药盒。",
    ),
}  # fmt: skip
_ASK_DRUG = (  # in words that small models know too: to longer ones the embedded model said "no" and "not visible"
    "What's the name of the medicine? Answer with the name alone.",
    "药名是什么？只回答药名。",
)


def is_about_medicine(*texts: str) -> bool:
    """Whether a question or an answer speaks of a medicine; rather once too often than not."""
    return any(_MEDICINE.search(text) for text in texts)


def readings_agree(first: str, second: str) -> bool:
    """Whether two readings have the same letters, digits and signs in the same order, in any case and spacing."""
    return _essence(first) == _essence(second) != ""


@dataclass(frozen=True)
class Reading:
    """What the model read in one picture."""

    drug: str  # the name of the drug as printed
    text: str  # the answer to the question
    abstained: bool = False


@dataclass(frozen=True)
class Ruling:
    """What may be said. ``abstained`` goes into the answer; the text is spoken whole."""

    text: str
    abstained: bool


@dataclass(frozen=True)
class MedicineQuestion:
    """A question about a medicine, in ``language`` ("zh" or another)."""

    text: str
    language: str = "en"

    @property
    def refusal(self) -> Ruling | None:
        """The answer to a question that no picture may answer: for a dose, for advice, for what a pill is."""
        if self._asks_for_dose or _NAMES_DOSE.search(self.text) and not self._asks_for_print:
            return self._abstain("dose")
        if _ASKS_PILL.search(self.text) and not _PACKAGE.search(self.text):
            return self._abstain("pill")
        return None

    @property
    def drug_question(self) -> str:
        """What to ask for ``Reading.drug``."""
        return _ASK_DRUG[self.language == "zh"]

    @property
    def second_look(self) -> Ruling:
        """The answer where there are no two different pictures to compare."""
        return self._abstain("look")

    def rule(self, first: Reading, second: Reading, witnesses: Sequence[Verification] = ()) -> Ruling:
        """What may be said after reading two different pictures of the medicine.

        ``witnesses`` are what a second reader says of the drug's name in each of them, as the answer to ``drug_question``;
        where there are any, all must have confirmed it.
        """
        if self.refusal:
            return self.refusal
        if first.abstained or second.abstained:
            return self._abstain("unsure")
        if not readings_agree(first.drug, second.drug) or not readings_agree(first.text, second.text):
            return self._abstain("unsure")
        if _STATES_DOSE.search(first.text) and not self._asks_for_print:
            return self._abstain("dose")
        if _STATES_DOSE.search(first.drug):  # no name, so the drug was not read
            return self._abstain("unsure")
        for witness in witnesses:
            if witness.verdict is Verdict.NOT_CHECKED:
                return self._abstain("unchecked", reason=witness.reason.rstrip(".。"))
            if witness.verdict is not Verdict.CONFIRMED:
                return self._abstain("unsure")
        drug, text = first.drug.strip(), first.text.strip()
        words = text if _essence(drug) in _essence(text) else f"{drug}{'：' if self.language == 'zh' else ': '}{text}"
        return Ruling(f"我读到的是：{words}" if self.language == "zh" else f"I read: {words}", False)

    @property
    def _asks_for_dose(self) -> bool:
        """Each sentence by itself: one harmless question makes no other one harmless."""
        sentences = [part for part in re.split(r"[.?!;,。？！；，、\n]+", self.text) if _ASKS_DOSE.search(part)]
        return bool(_ASKS_DOSE.search(self.text)) and not (sentences and all(map(_is_everyday, sentences)))

    @property
    def _asks_for_print(self) -> bool:
        return bool(_READ_OUT.search(self.text))

    def _abstain(self, why: str, **words: str) -> Ruling:
        return Ruling(_TEXTS[why][self.language == "zh"].format(**words), True)


def _is_everyday(sentence: str) -> bool:
    """Whether it is plainly about a thing that is no medicine; rather once too seldom."""
    things = rf"(?:{_THING}|{_COUNTED})" if _COUNTS.search(sentence) else _THING
    # A thing may have "the" and "red" before it; alone, "this" or "the red" could be anything.
    named = rf"\b(?:(?:the|this|that|these|those|red|blue|green|yellow|big|small) )*{things}(?:e?s)?\b"
    for thing, verb, little in (
        (named, rf"\b{_VERB}\b", rf"\b{_LITTLE}\b|\s"),
        (_CHINESE_THING, _CHINESE_VERB, rf"{_CHINESE_LITTLE}|\s"),
    ):
        rest, found = re.subn(thing, " ", sentence, flags=re.IGNORECASE)
        rest, verbs = re.subn(verb, " ", rest, flags=re.IGNORECASE)
        pointing = re.search(r"\b(?:this|that|these|those|the|red|blue|green|yellow|big|small)\b", rest, re.IGNORECASE)
        if found and verbs == 1 and not pointing and not re.sub(little, "", rest, flags=re.IGNORECASE):
            return True
    return False


def _essence(text: str) -> str:
    """Letters, digits and what changes a number (5.0 is not 50, 2 50 is not 250, -5 is not 5), no case, no blanks."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"(?<=\d)\s+(?=\d)", "_", text)
    return re.sub(r"[^\w.,/:×%+-]|[.,/:×-](?!\d)", "", text)
