"""What may be said about a medicine: what two pictures agree is printed on it, and nothing else."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

_MEDICINE = re.compile(
    r"\b(medicines?|medications?|medicaments?|drugs?|pills?|tablets?|capsules?|caplets?|dos(?:e|es|age)|prescriptions?|pharma\w*|"
    r"syrups?|ointments?|inhalers?|insulin|antibiotics?|painkillers?|vitamins?|suppositor\w+|blister packs?|eye ?drops|"
    r"paracetamol|ibuprofen|aspirin|\d+(?:\.\d+)?\s?(?:mg|mcg|µg|μg|IU))\b"
    r"|药(?!店|监)|胶囊|片剂|冲剂|颗粒剂|口服液|滴眼液|软膏|用量|用法|处方|服用|剂量|阿司匹林|布洛芬|胰岛素|维生素|毫克|国药准字",
    re.IGNORECASE,
)
_ASKS_DOSE = re.compile(
    r"\bhow (?:many|much|often|long)\b.*\b(?:take|taking|need|have|give|swallow|use|apply)\b|\b(?:should|can|may|must|shall|could) (?:i|he|she|we|they|"
    r"my \w+|grandma|grandpa|mom|dad)\b.*\b(?:take|have|swallow|use|eat|drink|mix|stop|give)\b|\b(?:right|correct|safe|recommended|my|his|her|daily|maximum|max) dos(?:e|age)\b"
    r"|\bwhen\b.*\b(?:take|taking)\b|\b(?:dose|dosage) (?:should|for|do)\b|\bsafe to (?:take|mix|use)\b|\btake (?:it|this|these|them)\b"
    r"|(?:吃|服|喝|用|打|注射|涂|滴)\S{0,4}(?:几|多少|多久|多长)|(?:几|多少)(?:片|粒|颗|毫克|毫升|次)\S{0,4}(?:吃|服|喝|用)|(?:该|应该|可以|能|能不能|可不可以|要不要|需要)\S{0,6}(?:吃|服|喝|停药)"
    r"|(?:什么时候|何时|怎么|如何|饭前|饭后)\S{0,6}(?:吃|服|喝|用)|(?:吃|服|喝)(?:这|那)\S{0,6}(?:吗|么)|一起吃",
    re.IGNORECASE,
)
_NAMES_DOSE = re.compile(r"\bdos(?:e|age)\b|剂量|用量", re.IGNORECASE)  # may mean the printed one
_ASKS_PILL = re.compile(
    r"\b(?:what|which|identify|recogni[sz]e|name|whose)\b.*\b(?:pills?|tablets?|capsules?)\b|\b(?:pills?|tablets?|capsules?)\b.*\b(?:is (?:this|that|it)|are (?:these|those|they))\b"
    r"|(?:什么|哪种|哪个|认|识别|辨认)\S{0,6}(?:药片|药丸|药粒|胶囊|片子)|(?:药片|药丸|药粒|胶囊|片子)\S{0,6}(?:是什么|叫什么|哪种|哪个)",
    re.IGNORECASE,
)
_PACKAGE = re.compile(r"\b(?:box|boxes|package|packaging|packet|pack|label|bottle|leaflet|carton|printed|print|read|says?|written)\b|盒|瓶|包装|标签|说明书|印|写|读|念", re.IGNORECASE)
_READ_OUT = re.compile(r"\b(?:read|printed|print|says?|written|label)\b|印|写着|写的|上面写|读|念", re.IGNORECASE)
_STATES_DOSE = re.compile(
    r"\b(?:take|swallow|use|apply|give)\b[^.。]*\b(?:one|two|three|four|half|\d+(?:[./]\d+)?)\b|\b(?:once|twice|three times|\d+ times|every \d+ hours?)\b|\byou (?:should|can|may|must|need)\b|\bdaily dose\b|^\W*take\b|\btake (?:it|this|these|them)\b"
    r"|\b(?:with|before|after|between) (?:meals?|food|water|breakfast|lunch|dinner|supper|bed(?:time)?)\b|饭前|饭后|餐前|餐后|随餐|空腹|睡前"
    r"|(?:每次|一次|每日|每天|一日|一天|每晚|每隔)\S{0,6}[\d一二两三四五六半]|(?:您|你)?(?:应该|应当|可以|需要|请)\S{0,4}(?:吃|服|喝|用)|[\d一二两三四五六半]\s?次\s?[/每]?[日天]",
    re.IGNORECASE,
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
    "unsure": (
        "I cannot read this medicine with certainty. Please ask somebody to look at the package.",
        "我看不清这个药，不能确定，请让人看一下药盒。",
    ),
}  # fmt: skip
_ASK_DRUG = (
    "What is the name of the medicine that is printed on its package? Answer with the name alone, as it is printed.",
    "包装上印的药名是什么？只回答药名，照原样写。",
)


def is_about_medicine(*texts: str) -> bool:
    """Whether a question or an answer speaks of a medicine; rather once too often than not."""
    return any(_MEDICINE.search(text) for text in texts)


def readings_agree(first: str, second: str) -> bool:
    """Whether two readings have the same letters, digits and signs in the same order; case, width and blanks do not count."""
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
        if _ASKS_DOSE.search(self.text) or _NAMES_DOSE.search(self.text) and not self._asks_for_print:
            return self._abstain("dose")
        if _ASKS_PILL.search(self.text) and not _PACKAGE.search(self.text):
            return self._abstain("pill")
        return None

    @property
    def drug_question(self) -> str:
        """What to ask for ``Reading.drug``."""
        return _ASK_DRUG[self.language == "zh"]

    @property
    def unsure(self) -> Ruling:
        """The answer where there are no two pictures to compare."""
        return self._abstain("unsure")

    def rule(self, first: Reading, second: Reading) -> Ruling:
        """What may be said after reading two different pictures of the medicine."""
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
        drug, text = first.drug.strip(), first.text.strip()
        words = text if _essence(drug) in _essence(text) else f"{drug}{'：' if self.language == 'zh' else ': '}{text}"
        return Ruling(f"我读到的是：{words}" if self.language == "zh" else f"I read: {words}", False)

    @property
    def _asks_for_print(self) -> bool:
        return bool(_READ_OUT.search(self.text))

    def _abstain(self, why: str) -> Ruling:
        return Ruling(_TEXTS[why][self.language == "zh"], True)


def _essence(text: str) -> str:
    """Letters, digits and what changes a number (5.0 is not 50, 2 50 is not 250, -5 is not 5), without case, width and blanks."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = re.sub(r"(?<=\d)\s+(?=\d)", "_", text)
    return re.sub(r"[^\w.,/:×%+-]|[.,/:×-](?!\d)", "", text)
