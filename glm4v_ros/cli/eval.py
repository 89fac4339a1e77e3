"""Score a model on pictures whose answers are known.

FILE has one object a line; docs/eval.md has all of it:
  {"image": "plate.jpg", "question": "型号是什么?", "answer": "H3U-32MR/ES", "tags": ["nameplate"]}
Answers are compared byte for byte. The table has a line per tag: exact, the share that was right; abstained, the share
answered with "not visible" or the like; invented, the share answered although nothing was there to be seen.
"""

from __future__ import annotations

import argparse
import os
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine, jsonl, verified
from glm4v_ros.cli.progress import Progress
from glm4v_ros.errors import BadRequest, VqaError

if TYPE_CHECKING:
    from glm4v_ros.cli.case import Case, Turn
    from glm4v_ros.cli.score import Result
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.question import Question
    from glm4v_ros.reader.client import SecondReader
    from glm4v_ros.vision.frame import Frame


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE.jsonl", help="the questions; picture paths are relative to it")
    parser.add_argument("--shuffle", action="store_true",
                        help="ask every question about a wrong picture: the score must fall to that of a guess")
    parser.add_argument("--json", action="store_true", help="print one JSON object and no table")
    parser.add_argument("--answers", metavar="FILE", help="write every question with its answer here, as JSON lines")
    parser.add_argument("--limit", type=engine.at_least(1), metavar="N", help="only N lines, spread evenly over FILE")
    parser.add_argument("--jobs", type=engine.at_least(1), default=1, metavar="N",
                        help="engines at work at once, each with its own copy of the model and its share of the cores")
    parser.add_argument("--max-tokens", type=engine.at_least(1), default=256, metavar="N")
    parser.add_argument("--system", default="", metavar="TEXT", help="system prompt")
    parser.add_argument("--enhance", choices=("none", "auto"), default="none", help="auto: lift faint, blurred print")
    parser.add_argument("--verify", action="store_true",
                        help="have a second reader look for what each answer quotes, and count the silent errors: wrong and "
                             "not marked")
    verified.add_looking(parser)
    engine.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """1 when a question was not answered at all, however wrong the answers are."""
    from glm4v_ros.cli import case, score

    cases = case.read(args.file)
    if args.shuffle:
        cases = case.swapped(cases)
    if args.limit and args.limit < len(cases):
        cases = [cases[index * len(cases) // args.limit] for index in range(args.limit)]
    config = engine.config(args)
    results = _ask_all(args, config, cases)
    if args.answers:
        _write(args.answers, cases, results)
    scores = score.by_tag([result for of_case in results for result in of_case])
    if args.json:
        figures = {name: one.figures() for name, one in scores.items()}
        everything = figures.pop("all")
        print(jsonl.dump({"model": config.model.name, "shuffled": args.shuffle, "all": everything, "tags": figures}))
    else:
        print(score.table(scores))
    return 1 if any(result.error for result in scores["all"].results) else 0


def _ask_all(args: argparse.Namespace, config, cases: list[Case]) -> list[list[Result]]:
    """The results of each case, in order."""
    if args.jobs > 1 and not args.threads:
        config = replace(config, threads=max(1, len(os.sched_getaffinity(0)) // args.jobs))
    idle: list[EngineClient] = []
    done, lock = 0, threading.Lock()

    def one(case: Case) -> list[Result]:
        nonlocal done
        client = idle.pop()
        try:
            return _ask_case(args, client, reader, case, engine.image_tokens(config))
        finally:
            idle.append(client)
            with lock:
                done += 1
                progress(done / len(cases))

    with ExitStack() as stack:
        for _ in range(min(args.jobs, len(cases))):
            idle.append(stack.enter_context(engine.running(config)))
        reads = args.verify or args.zoom != "off" or args.hints != "off"
        reader = stack.enter_context(verified.reader(args.reader_threads)) if reads else None
        if reader is not None and reader.missing:
            raise BadRequest(reader.missing)
        progress = stack.enter_context(Progress(f"{len(cases)} cases"))
        threads = ThreadPoolExecutor(len(idle))
        stack.callback(threads.shutdown, cancel_futures=True)
        return list(threads.map(one, cases))


def _ask_case(
    args: argparse.Namespace, client: EngineClient, reader: SecondReader | None, case: Case, image_tokens: int
) -> list[Result]:
    from glm4v_ros.cli.score import Result
    from glm4v_ros.engine.question import Question
    from glm4v_ros.policy.question_check import check_frames, check_words
    from glm4v_ros.vision.decoder import read_picture
    from glm4v_ros.vision.enhance import enhanced

    session = f"case {case.number}" if len(case.turns) > 1 else ""
    try:
        frames = [enhanced(read_picture(path), args.enhance) for path in case.pictures]
    except VqaError as error:
        return [Result(turn, error=f"{error.code.name}: {error}") for turn in case.turns]
    results, pictures = [], frames
    for turn in case.turns:
        question = Question(turn.question, uuid.uuid4().hex, session_id=session, system_prompt=args.system,
                            choices=turn.choices, max_tokens=args.max_tokens, deterministic=True,
                            retry_on_crash=True)
        try:
            check_words(question)
            check_frames(frames)
            look = _Look(args, client, reader, turn, pictures)
            results.append(look.result(question, frames, image_tokens))
            frames = []  # the session has them now
        except VqaError as error:
            results.append(Result(turn, error=f"{error.code.name}: {error}"))
    if session:
        client.reset_session(session)
    return results


class _Look:
    """One question with what the second reader does for it."""

    def __init__(self, args, client: EngineClient, reader: SecondReader | None, turn: Turn, pictures: list[Frame]):
        from glm4v_ros.policy.print_check import PrintCheck

        self._args, self._client, self._turn = args, client, turn
        self._check = PrintCheck(reader, turn.question, pictures) if reader else None

    def result(self, question: Question, frames: list[Frame], image_tokens: int) -> Result:
        """``frames`` is empty where the session has them: it is shown nothing else then."""
        from glm4v_ros.cli.score import Result
        from glm4v_ros.policy.abstention import judged
        from glm4v_ros.speech.language import language_of

        check = self._check
        if check and self._args.zoom == "auto" and not question.session_id:
            frames = list(check.zoomed(image_tokens))
        told = unhinted = None
        if check and self._args.hints == "lines":
            told = replace(question, text=check.hinted(language_of(question.text)))
        if self._args.verify and told and check.hint_lines and not question.session_id:
            unhinted = judged(self._client.ask(question, frames).result()).text
        answer = judged(self._client.ask(told or question, frames).result())
        if not self._args.verify:
            return Result(self._turn, answer, zoom=check.zoom if check else None)
        verification = check.verification(answer.text, unhinted=unhinted)
        return Result(self._turn, answer, verification=verification, check_seconds=check.seconds, zoom=check.zoom)


def _write(path: str, cases: list[Case], results: list[list[Result]]) -> None:
    try:
        with open(path, "w", encoding="utf-8") as file:
            for case, of_case in zip(cases, results):
                for result in of_case:
                    line = {
                        "line": case.number,
                        "image": [str(picture) for picture in case.pictures],
                        "question": result.turn.question,
                        "expected": list(result.turn.accepted),
                        "answer": result.answer.text if result.answer else None,
                        "right": result.right,
                        "abstained": result.abstained,
                        "tags": list(result.turn.tags),
                        "latency_s": round(result.answer.latency, 4) if result.answer else None,
                        "error": result.error or None,
                    }
                    if result.zoom:
                        line["zoom"] = list(result.zoom.region)
                    if result.verification:
                        line["verification"] = result.verification.verdict.name.lower()
                        line["verification_reason"] = result.verification.reason or None
                        line["evidence"] = [evidence.text for evidence in result.verification.evidence]
                        line["check_s"] = round(result.check_seconds, 4)
                    if result.places_region:
                        line["region_right"] = result.region_right
                    print(jsonl.dump(line), file=file)
    except OSError as error:
        raise BadRequest(f"{path} cannot be written: {error.strerror}") from error
