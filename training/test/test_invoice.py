"""Invoices of the second hand: their figures add up, and what is asked is what is printed."""

import numpy as np

from training.pictures.splits import belongs
from training.pictures.vector import NoRoom, Sheet, bill, invoice
from training.pictures.vector.invoice_topics import topics as topics_of


def invoices(split="train", count=150):
    return [invoice.make(np.random.default_rng(seed), split, 6, 1.0) for seed in range(count)]


def cents(text: str) -> int:
    number = "".join(c for c in text if c.isdigit() or c == ".")
    return round(float(number) * 100)


def test_figures_add_up():
    taxed = 0
    for made in invoices():
        total = 0
        for item in made.items:
            assert int(item["count"]) * cents(item["price"]) == cents(item["amount"])
            total += cents(item["amount"])
        if "tax" in made.fields:
            assert cents(made.fields["subtotal"][1]) == total
            total += cents(made.fields["tax"][1])
            taxed += 1
        assert cents(made.fields["total"][1]) == total
    assert taxed > 10


def test_every_item_has_a_name_of_its_split():
    for split in ("train", "test"):
        names = [item["item"] for made in invoices(split) for item in made.items]
        assert all(names) and all(belongs(name, split) for name in names)


def test_no_two_items_have_one_name_and_their_figures_are_answered():
    asked = set()
    for seed, made in enumerate(invoices()):
        names = [item["item"] for item in made.items]
        assert len(set(names)) == len(names)
        for topic in topics_of(np.random.default_rng(seed), "train", made):
            question, answer = topic.ask("en", False)
            if topic.tag == "absent":
                assert answer == "not visible" and topic.field not in made.fields
            elif topic.field in ("amount", "count", "price"):
                item = max(
                    (item for item in made.items if item["item"] in question), key=lambda item: len(item["item"])
                )
                assert answer == item[topic.field] and topic.field in made.columns
            elif topic.tag == "invoice" and topic.field in made.fields:
                assert answer == made.fields[topic.field][1]
            asked.add(topic.field)
    assert {"amount", "count", "price", "total", "seller", "buyer", "money", "number", "issued", "lines"} <= asked


def test_what_is_answered_is_drawn():
    read = 0
    for seed in range(25):
        paper = Sheet(np.random.default_rng(seed), (560, 420), "train", 1.0)
        try:
            topics = bill.paint(paper)
        except NoRoom:
            continue
        printed = paper.finish()[1]
        for topic in topics:
            if topic.tag == "invoice" and topic.field != "lines":
                assert topic.ask("zh", False)[1].replace(" ", "") in printed
                read += 1
    assert read > 100


def test_both_languages_stand_on_one_invoice():
    mixed = [made for made in invoices() if len({c >= "\u4e00" for item in made.items for c in item["item"][:1]}) == 2]
    assert len(mixed) > 15
