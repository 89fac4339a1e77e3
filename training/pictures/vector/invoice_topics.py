"""What is asked of an invoice: its fields, an item's figures, the total, the currency, what is not on it."""

from __future__ import annotations

from training.pictures import free
from training.pictures.picture import Topic
from training.pictures.questions import ask, first_noun, is_there, yes_or_no
from training.pictures.sampling import chance, pick
from training.pictures.vector.invoice import FIELDS, Invoice
from training.pictures.vector.wordings import field
from training.pictures.words import IS_EN, IS_ZH, NOUNS, UNSEEN

ITEM_ZH = {
    "amount": "{i}的金额是多少？|{i}多少钱？|{i}一共多少钱？|{i}这一项的金额？|{i}这一行的金额是多少？|请问{i}的金额是多少？".split(
        "|"
    ),
    "count": "{i}的数量是多少？|{i}买了多少？|{i}有几件？|{i}的数量？|{i}这一项的数量是多少？|{i}要了多少个？".split(
        "|"
    ),
    "price": "{i}的单价是多少？|{i}单价多少？|{i}的单价？|一个{i}多少钱？|{i}每件多少钱？|请问{i}的单价？".split("|"),
}
ITEM_EN = {
    "amount": (
        "What is the amount of {i}?|What is the amount for {i}?|How much is {i} in all?|Amount of {i}?|"
        "What does the line of {i} come to?|Read the amount for {i}."
    ).split("|"),
    "count": (
        "What is the quantity of {i}?|How many {i} were bought?|Quantity of {i}?|How many of {i} are there?|"
        "What quantity of {i} is listed?|Read the quantity of {i}."
    ).split("|"),
    "price": (
        "What is the unit price of {i}?|What does one {i} cost?|Unit price of {i}?|What is the price of one {i}?|"
        "Read the unit price of {i}.|What is the price of {i} per unit?"
    ).split("|"),
}  # fmt: skip
TOTAL_ZH = "总金额是多少？|一共多少钱？|合计多少？|发票总金额是多少？|总共要付多少？|价税合计是多少？|这张单子一共多少钱？|总价是多少？".split(
    "|"
)
TOTAL_EN = (
    "What is the total?|How much is the total?|What is the total amount?|How much is due?|"
    "What does it come to in total?|"
    "What is the grand total?|How much has to be paid in total?|Total amount?"
).split("|")
SELLER_ZH = "谁是销售方？|卖方是谁？|哪家公司开的发票？|销售方是哪家？|这是哪家卖的？".split("|")
SELLER_EN = ("Who is the seller?|Who issued this?|Which company sold the goods?|Who sold this?|Who is it from?").split(
    "|"
)
BUYER_ZH = "谁是购买方？|买方是谁？|发票开给谁的？|购买方是哪家？|是谁买的？".split("|")
BUYER_EN = ("Who is the buyer?|Who is billed?|Who bought the goods?|Who is the customer?|Who is it made out to?").split(
    "|"
)
MONEY_ZH = "是什么货币？|用的什么货币？|金额是哪种货币？|币种是什么？|以什么货币结算？".split("|")
MONEY_EN = (
    "Which currency is used?|What is the currency?|In which currency are the amounts?|What currency is it in?|Currency?"
).split("|")
LINES_ZH = "有几个项目？|一共列了几项？|有几种商品？|明细有几行？|买了几样东西？".split("|")
LINES_EN = (
    "How many items are listed?|How many line items are there?|How many goods are on it?|"
    "How many lines of items are there?|How many products are listed?"
).split("|")
ORDINAL_ZH = "第{k}项是什么？|第{k}行的商品是什么？|第{k}个项目叫什么？|明细第{k}行是什么？|第{k}项的名称？".split("|")
ORDINAL_EN = (
    "What is item {k}?|What is the name of item {k}?|Which product is on line {k}?|What is on line {k} of the items?|"
    "Name of item {k}?"
).split("|")


def topics(rng, split: str, invoice: Invoice) -> list[Topic]:
    """What can be asked about the items and fields that are printed."""
    result = []
    tongues = ("zh", "en") if invoice.chinese else ("en", "zh")
    special = {
        "seller": (SELLER_ZH, SELLER_EN),
        "buyer": (BUYER_ZH, BUYER_EN),
        "total": (TOTAL_ZH, TOTAL_EN),
        "money": (MONEY_ZH, MONEY_EN),
    }

    def about(name: str, answer: str | None) -> Topic:
        return field(rng, split, name, answer, "invoice", special.get(name), tongues)

    for name, (_, text) in invoice.fields.items():
        result.append(about(name, text))
        if name in ("number", "total", "seller", "buyer") and chance(rng, 0.3):
            other = invoice.fields[pick(rng, list(invoice.fields))][1]
            if name == "number":
                other = text[:-1] + str((int(text[-1]) + 1) % 10) if text[-1].isdigit() else text + "1"
            for truth, value in ((True, text), (False, other)):
                if truth or other != text:
                    says = lambda language, name=name, value=value: {
                        "n": pick(rng, NOUNS[name][language == "en"]),
                        "v": value,
                    }  # noqa: E731
                    result.append(yes_or_no(rng, split, name, IS_ZH[:4], IS_EN[:4], truth, says))
    if "money" not in invoice.fields and invoice.symbol:
        result.append(Topic("invoice", "money", ask(rng, split, MONEY_ZH, MONEY_EN, invoice.symbol)))
    missing = [name for name in FIELDS if name not in invoice.fields and name not in ("subtotal", "money")]
    missing += ["money"] if "money" not in invoice.fields and not invoice.symbol else []
    result += [about(str(name), None) for name in rng.permutation(missing)[:3]]
    for name in [str(v) for v in rng.permutation(missing)[:1]]:
        result.append(is_there(rng, split, name, False, first_noun))
    result.append(is_there(rng, split, pick(rng, list(invoice.fields)), True, first_noun))
    for i, item in enumerate(invoice.items):
        for name in ("amount", "count", "price"):
            if name in invoice.columns and chance(rng, 0.5):
                result.append(
                    Topic("invoice", name, ask(rng, split, ITEM_ZH[name], ITEM_EN[name], item[name], i=item["item"]))
                )
        if chance(rng, 0.15):
            result.append(Topic("invoice", "item", ask(rng, split, ORDINAL_ZH, ORDINAL_EN, item["item"], k=str(i + 1))))
    if chance(rng, 0.4):
        result.append(Topic("invoice", "lines", ask(rng, split, LINES_ZH, LINES_EN, str(len(invoice.items)))))
    ghost = free.hanzi(rng, 2, 4) if invoice.chinese else free.latin(rng, 1, 3)
    if ghost not in [item["item"] for item in invoice.items]:
        result.append(
            Topic(
                "absent",
                "amount",
                ask(rng, split, ITEM_ZH["amount"], ITEM_EN["amount"], UNSEEN, i=ghost),
            )
        )
    return result
