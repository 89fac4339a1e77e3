"""Verdicts are counted once an answer, and what cannot be confirmed has rows of its own."""

import json
import sys

import pytest
import verified_table


@pytest.fixture
def files(tmp_path):
    lines = [
        line("a.png", "What is the serial number?", "SN1", "SN1", "confirmed", ["nameplate", "clean"], region_right=True),
        line("a.png", "What is the serial number?", "SN1", "SN7", "contradicted", ["nameplate", "clean"]),
        line("b.png", "What is the serial number?", "SN2", "SN 2", "not_found", ["nameplate", "hard"]),
        line("b.png", "What is the voltage?", "24V", "not visible", "not_checked", ["nameplate", "hard"]),
        line("c.png", "What is the temperature?", "86°C", "68°C", "confirmed", ["display", "segments", "mild"]),
        line("d.png", "How often do I take it?", "twice a day", "once a day", "not_found", ["pillbox", "mild"]),
        line("d.png", "What is the serial number?", "SN3", None, "not_checked", ["pillbox", "mild"]),
    ]
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_text("".join(lines), encoding="utf-8")
    second.write_text(lines[0], encoding="utf-8")  # the same once more
    return [first, second]


def line(image, question, expected, answer, verdict, tags, **more):
    return json.dumps({"image": [image], "question": question, "expected": [expected], "answer": answer, "tags": tags,
                       "verification": verdict, "verification_reason": None, **more}) + "\n"  # fmt: skip


def test_rows(files):
    found, regions = verified_table.results(files)
    assert len(found) == 6 and regions == [True]
    rows = verified_table.table(found).splitlines()
    assert "| **together** | 2 | 50.0% | 0.0% | 1 | 0 (0.0%) | 0 (0.0%) |" in rows
    assert "| hard | 1 | 0.0% | 0.0% | 0 | 0 (0.0%) | 0 (0.0%) |" in rows
    assert "| seven-segment displays | 0 | - | - | 1 | 1 (100.0%) | 1 (100.0%) |" in rows
    assert "| how to take a medicine, in other words than printed | 0 | - | - | 1 | 0 (0.0%) | 0 (0.0%) |" in rows


def test_sentences(files):
    told = verified_table.sentences(verified_table.results(files)[0])
    assert "without the last rows: answers 1 of 2 right ones (50.0%); of 1 that it lets through 1 are right (100.0%)" in told
    assert "with them: answers 1 of 2 right ones (50.0%); of 2 that it lets through 1 are right (50.0%)" in told
    assert '"not visible", and it is there: 1' in told


def test_what_is_listed(files, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["verified_table.py", *map(str, files), "--list", "right not confirmed"])
    assert verified_table.main() == 0
    listed = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("[")]
    assert [one[-2] for one in listed] == ["NOT_FOUND"]
