#!/usr/bin/env python3
"""What the second reader made of a model's answers, right ones and wrong ones, by kind of print and quality of the picture.

python3 benchmarks/verified_table.py ANSWERS.jsonl...      what glm4v eval --verify --answers wrote; prints Markdown

The same answer to the same question about the same picture counts once, also from several files. Rows of their own have what the
reader cannot confirm: seven-segment displays (tag "segments"), and how to take a medicine, said in other words than printed.
Where the asked thing is not there, an answer that says what is printed elsewhere counts as wrong.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from glm4v_ros.cli.case import Turn  # noqa: E402
from glm4v_ros.cli.score import Result, Score  # noqa: E402
from glm4v_ros.engine.answer import Answer, FinishReason  # noqa: E402
from glm4v_ros.policy.abstention import judged  # noqa: E402
from glm4v_ros.policy.print_field import asked_field, may_ask_for_print  # noqa: E402
from glm4v_ros.policy.verification import Verdict, Verification  # noqa: E402

QUALITIES = ("clean", "mild", "hard")


def results(paths: Sequence[Path]) -> tuple[list[Result], list[bool]]:
    """And of each confirmed value whose place is known, whether the evidence overlaps it by half."""
    found: dict[tuple, Result] = {}
    regions: dict[tuple, bool] = {}
    for path in paths:
        for line in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if line["answer"] is None:
                continue
            verdict = Verdict[line["verification"].upper()]
            turn = Turn(line["question"], tuple(line["expected"]), tuple(line["tags"]))
            answer = judged(Answer("", line["answer"], FinishReason.STOP))
            key = (tuple(line["image"]), line["question"], line["answer"])
            found.setdefault(key, Result(turn, answer, verification=Verification(verdict, reason=line["verification_reason"] or "")))
            if line.get("region_right") is not None:
                regions[key] = line["region_right"]
    return list(found.values()), list(regions.values())


def in_a_row_of_its_own(result: Result) -> str:
    field = asked_field(result.turn.question)
    if "segments" in result.turn.tags:
        return "seven-segment displays"
    return "how to take a medicine, in other words than printed" if field is not None and field.name == "dose" else ""


def table(chosen: list[Result]) -> str:
    def row(title: str, these: Callable[[Result], bool]) -> str:
        of = Score([result for result in chosen if these(result)]).verified()
        shares = [("-" if of[key] is None else f"{of[key]:.1%}") for key in ("right_confirmed", "right_contradicted")]
        wrong = [result for result in chosen if these(result) and result.quotes_wrong]
        counts = [f"{sum(getattr(result, how) for result in wrong)} ({of[key] or 0:.1%})"
                  for how, key in (("confirmed", "wrong_confirmed"), ("unmarked", "wrong_unmarked"))]  # fmt: skip
        return "| " + " | ".join([title, str(of["right"]), *shares, str(of["wrong"]), *counts]) + " |"

    plain = [result for result in chosen if not in_a_row_of_its_own(result)]
    kinds = sorted({result.turn.tags[0] for result in plain if result.quotes})
    own = sorted(set(map(in_a_row_of_its_own, chosen)) - {""})
    lines = ["| answers that quote print | right | confirmed | contradicted | wrong | confirmed | unmarked |", "|" + "---|" * 7]
    lines.append(row("**together**", lambda result: not in_a_row_of_its_own(result)))
    lines += [row(kind, lambda result: result.turn.tags[0] == kind and not in_a_row_of_its_own(result)) for kind in kinds]
    lines += [row(one, lambda result: one in result.turn.tags and not in_a_row_of_its_own(result)) for one in QUALITIES]
    lines += [row(kind, lambda result: in_a_row_of_its_own(result) == kind) for kind in own]
    return "\n".join(lines)


def sentences(chosen: list[Result]) -> str:
    plain = [result for result in chosen if not in_a_row_of_its_own(result)]
    told = []
    for title, these in (("without the last rows", plain), ("with them", chosen)):
        passed = [result for result in these if result.confirmed]
        right = sum(result.quotes_right for result in these)
        answered = sum(result.quotes_right for result in passed)
        told.append(f"required, {title}: answers {answered} of {right} right ones ({answered / max(1, right):.1%}); of {len(passed)} that it "
                    f"lets through {answered} are right ({answered / max(1, len(passed)):.1%})")  # fmt: skip
    asked = [result for result in chosen if may_ask_for_print(result.turn.question)]
    quiet = [result for result in asked if not result.right and not result.abstained and not result.quotes]
    told.append(f'"not visible", and it is there: {sum(result.missed for result in asked)}')
    told.append(f"wrong where print was asked for, and quotes none: {len(quiet)}, of them unmarked {sum(result.silent for result in quiet)}")
    return "\n".join(told)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path, nargs="+")
    parser.add_argument("--list", choices=("wrong confirmed", "wrong unmarked", "right contradicted", "right not confirmed"))
    args = parser.parse_args()
    found, regions = results(args.answers)
    print(table(found), sentences(found), sep="\n\n")
    print(f"evidence overlaps the drawn value by half: {sum(regions)} of {len(regions)}")
    for result in found if args.list else ():
        right, _, what = args.list.partition(" ")
        quotes = result.quotes_right if right == "right" else result.quotes_wrong
        if quotes and (not result.confirmed if what == "not confirmed" else getattr(result, what)):
            print(json.dumps([*result.turn.tags, result.turn.question, result.answer.text, *result.turn.accepted, result.verification.verdict.name,
                              result.verification.reason], ensure_ascii=False))  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
