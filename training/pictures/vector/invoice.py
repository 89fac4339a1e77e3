"""Invoices, receipts, orders and delivery notes of mixed languages: parties, dates, items, totals, a currency."""

from __future__ import annotations

from dataclasses import dataclass, field

from training.pictures import free, values
from training.pictures.sampling import chance, digits, letters, pick
from training.pictures.splits import belongs
from training.pictures.words import NOUNS

FIELDS = {  # what is printed before it, Chinese and English, and its nouns
    "number": (
        "发票号码 发票编号 单据号 订单号 票号".split(), "Invoice No.|INVOICE NO|Receipt No.|Order No.|No.|Inv. #".split("|"),
        "发票号码 发票号 票号".split(), "invoice number|invoice no.|document number".split("|"),
    ),
    "issued": (
        "开票日期 日期 开具日期".split(), "Date|Invoice Date|DATE|Issued".split("|"),
        "开票日期 日期".split(), "invoice date|date|date of the invoice".split("|"),
    ),
    "seller": (
        "销售方 卖方 销方名称 供应商 收款单位".split(), "Seller|From|Vendor|Supplier|Sold by".split("|"),
        "销售方 卖方 销售方名称".split(), "seller|seller's name|name of the seller".split("|"),
    ),
    "buyer": (
        "购买方 买方 购方名称 客户 付款单位".split(), "Buyer|Bill To|Customer|Client|Sold to".split("|"),
        "购买方 买方 购买方名称".split(), "buyer|buyer's name|customer".split("|"),
    ),
    "taxpayer": (
        "税号 纳税人识别号".split(), "Tax ID|VAT No.|TIN".split("|"),
        "税号 纳税人识别号".split(), "tax number|tax ID|VAT number".split("|"),
    ),
    "money": (
        "币种 货币".split(), "Currency|CUR".split("|"),
        "币种 货币".split(), "currency|currency of the invoice".split("|"),
    ),
    "subtotal": (
        "小计 不含税金额".split(), "Subtotal|SUBTOTAL|Net".split("|"),
        "小计 小计金额".split(), "subtotal|subtotal amount".split("|"),
    ),
    "tax": (
        "税额 增值税".split(), "Tax|VAT|TAX".split("|"),
        "税额 税额合计".split(), "tax|tax amount|amount of tax".split("|"),
    ),
    "total": (
        "合计 总计 价税合计 应付金额 总金额".split(), "Total|TOTAL|Amount Due|Grand Total|Total Due".split("|"),
        "总金额 合计金额 总计 价税合计".split(), "total|total amount|grand total|amount due".split("|"),
    ),
}  # fmt: skip
for _name, (_, _, _zh, _en) in FIELDS.items():
    NOUNS[_name] = (_zh, _en)

TITLES = (
    "增值税发票 电子发票 收据 销售单 送货单 采购订单 报价单 结账单 发票 购物小票".split(),
    "INVOICE|Invoice|RECEIPT|Receipt|TAX INVOICE|SALES ORDER|Quotation|DELIVERY NOTE|BILL|Cash Receipt".split("|"),
)
COLUMNS = {
    "item": ("项目 名称 品名 货物名称 商品".split(), "Item|Description|Product|Goods".split("|")),
    "count": ("数量 件数".split(), "Qty|QTY|Quantity|Pcs".split("|")),
    "price": ("单价 价格".split(), "Price|Unit Price|Rate".split("|")),
    "amount": ("金额 行金额".split(), "Amount|Line Total|Sum".split("|")),
}
MONEY = (
    ("CNY", "¥"),
    ("RMB", "¥"),
    ("人民币", "¥"),
    ("USD", "$"),
    ("EUR", "€"),
    ("GBP", "£"),
    ("美元", "$"),
    ("欧元", "€"),
    ("HKD", "HK$"),
)


@dataclass
class Invoice:
    """What is printed: fields by name with their labels, and items of name, count, price and amount; "" where not printed."""

    title: str
    columns: dict[str, str]
    items: list[dict[str, str]]
    symbol: str
    chinese: bool
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)


def money(cents: int, comma: bool, whole: bool) -> str:
    return (
        f"{cents // 100:,}"
        if whole and comma
        else str(cents // 100)
        if whole
        else f"{cents / 100:,.2f}"
        if comma
        else f"{cents / 100:.2f}"
    )


def party(rng, split: str, chinese: bool) -> str:
    """A company, or now and then a person."""
    while True:
        if chinese:
            text = free.hanzi(rng, 2, 4) + pick(
                rng, "公司 商店 超市 有限公司 电子厂 贸易公司 酒店 大学 医院 书店".split()
            )
            text = free.hanzi(rng, 2, 3) if chance(rng, 0.2) else text
        else:
            text = f"{free.latin(rng, 1, 3)} {pick(rng, ['Ltd.', 'Inc.', 'GmbH', 'Trading', 'Store', 'Co.', 'Market', 'Supplies'])}"
        if belongs(text, split):
            return text


def label(rng, name: str, chinese: bool, both: bool) -> str:
    zh, en = pick(rng, FIELDS[name][0]), pick(rng, FIELDS[name][1])
    return f"{zh} {en}" if both else zh if chinese else en


def make(rng, split: str, most: int, full: float) -> Invoice:
    """An invoice of at most `most` items whose figures add up; `full` (0 to 1) scales how many fields it has."""
    chinese = chance(rng, 0.55)
    code, symbol = pick(rng, MONEY)
    sign = symbol if chance(rng, 0.5) else ""
    comma, whole = chance(rng, 0.3), chance(rng, 0.25)
    shown = [name for name in COLUMNS if name in ("item", "amount") or chance(rng, 0.8 * full)]
    other = chinese if chance(rng, 0.85) else not chinese
    columns = {name: pick(rng, COLUMNS[name][not other]) for name in shown}
    items, cents = [], 0
    for _ in range(int(rng.integers(1, most + 1))):
        name = ""
        while not name or name in [item["item"] for item in items] or not belongs(name, split):
            mixed = chinese if chance(rng, 0.75) else not chinese  # goods of the other language
            name = free.hanzi(rng, 2, 5) if mixed else free.latin(rng, 1, 3)
            if chance(rng, 0.15):
                name = pick(
                    rng,
                    values.PRODUCTS_ZH
                    if mixed
                    else ["Cable", "Paper", "Pump", "Valve", "Toner", "Screws", "Chair", "Lamp"],
                )
                name += "" if mixed else f" {letters(rng, 1)}{digits(rng, 2)}"
        n = int(rng.integers(1, 13)) if chance(rng, 0.7) else int(rng.integers(1, 300))
        price = int(rng.integers(1, 1000)) * 100 if whole else int(rng.integers(50, 60000))
        cents += n * price
        items.append(
            {
                "item": name,
                "count": str(n),
                "price": money(price, comma, whole),
                "amount": money(n * price, comma, whole),
            }
        )
    invoice = Invoice(pick(rng, TITLES[not chinese]), columns, items, sign, chinese)
    both, rate = chance(rng, 0.2), pick(rng, [0, 3, 6, 9, 13, 19, 20])
    put = lambda name, text: invoice.fields.__setitem__(name, (label(rng, name, chinese, both), text))  # noqa: E731
    if chance(rng, 0.75 * full):
        number = (
            free.code(rng, 5, 12)
            if chance(rng, 0.3)
            else letters(rng, int(rng.integers(0, 4))) + digits(rng, int(rng.integers(4, 11)))
        )
        while not belongs(number, split):
            number = digits(rng, 8)
        put("number", number)
    if chance(rng, 0.75 * full):
        put("issued", values.date(rng, split))
    for name in ("seller", "buyer"):
        if chance(rng, 0.6 * full):
            put(name, party(rng, split, chinese if chance(rng, 0.8) else not chinese))
    if chance(rng, 0.2 * full):
        put("taxpayer", digits(rng, 2) + free.some(rng, "0123456789ABCDEFGHJK", 8, 13))
    if chance(rng, 0.3 * full):
        put("money", code)
    if chance(rng, 0.35 * full) and rate:
        tax = cents * rate // 100
        tax -= tax % 100 if whole else 0
        put("subtotal", sign + money(cents, comma, whole))
        put("tax", sign + money(tax, comma, whole))
        cents += tax
    put("total", sign + money(cents, comma, whole))
    return invoice
