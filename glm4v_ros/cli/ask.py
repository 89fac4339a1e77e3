"""Ask a question about a picture and print the answer as it is written.

stdout has the answer and nothing else. With --batch, FILE has one object a line,
  {"image": "plate.jpg", "question": "型号是什么?"}    optionally with "choices": ["A", "B"]
and each line, good or bad, gives one line, in the same order,
  {"answer": "H3U-32MR/ES", "latency_s": 0.41, "error": null}
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
import uuid
from collections import deque
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine, jsonl
from glm4v_ros.errors import BadRequest, VqaError

if TYPE_CHECKING:
    from glm4v_ros.engine.answer import Answer, Delta
    from glm4v_ros.engine.client import EngineClient
    from glm4v_ros.engine.frame import Frame
    from glm4v_ros.engine.question import Question


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = 'glm4v ask [options] PICTURE... "QUESTION"\n       glm4v ask [options] --batch FILE.jsonl'
    parser.add_argument("words", nargs="*", metavar='PICTURE... "QUESTION"',
                        help="PNG, JPEG, TIFF, WebP or BMP files, shown to the model in this order, then the question")
    parser.add_argument("--batch", metavar="FILE", help="answer a file of questions, one JSON object a line; -: stdin")
    parser.add_argument("--jobs", type=engine.at_least(1), default=1, metavar="N",
                        help="with --batch: questions in work at once; more is faster on a GPU, and each takes longer")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the answer and all its figures")
    group = parser.add_argument_group("answer")
    group.add_argument("--choice", action="append", default=[], metavar="TEXT", dest="choices",
                       help="the answer is exactly one of these; give it twice or more")
    group.add_argument("--schema", metavar="FILE", help="the answer is JSON that this JSON schema accepts")
    group.add_argument("--max-tokens", type=engine.at_least(1), default=256, metavar="N", help="(default: %(default)s)")
    group.add_argument("--language", default="", metavar="TAG", help="of the answer, such as zh or en; default: the question's")
    group.add_argument("--system", default="", metavar="TEXT", help="system prompt")
    group.add_argument("--timeout", type=float, default=0.0, metavar="S", help="seconds a question may take; 0: no limit")
    group.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0 (default): the likeliest token, always")
    group.add_argument("--seed", type=engine.at_least(0), default=0, metavar="N", help="with a temperature")
    group = parser.add_argument_group("picture")
    group.add_argument("--roi", type=_region, metavar="X,Y,W,H", help="the part of each picture to look at, in pixels")
    group.add_argument("--enhance", choices=("none", "auto"), default="none", help="auto: lift faint and blurred print")
    engine.add_arguments(parser)


def run(args: argparse.Namespace) -> int:
    if args.batch:
        if args.words:
            raise BadRequest(f"--batch has the pictures and the questions; leave out {args.words[0]!r}")
        return _batch(args)
    if len(args.words) < 2:
        raise BadRequest('give a picture and a question: glm4v ask PICTURE "QUESTION"')
    *paths, text = args.words
    if Path(text).is_file():
        raise BadRequest(f"the last argument is the question, but {text!r} is a file")
    question = _question(args, jsonl.text({"the question": text}, "the question"), tuple(args.choices))
    frames = [_frame(args, path) for path in paths]  # before the model: a wrong path should not have to wait for it
    config = engine.config(args)
    with engine.running(config) as client:
        if args.json:
            answer = client.ask(question, frames).result()
            print(jsonl.dump({"question": text, **_figures(answer), "model": config.model.name}))
        else:
            _stream(client, question, frames)
    return 0


def _stream(client: EngineClient, question: Question, frames: list[Frame]) -> None:
    """Prints the answer as it comes. The end of it is printed here too: choices are answered in one piece."""
    written = []

    def write(delta: Delta) -> None:
        if delta.text:
            written.append(delta.text)
            print(delta.text, end="", flush=True)

    try:
        answer = client.ask(question, frames, write).result()
        if not written:
            print(answer.text, end="")
    finally:
        if written or sys.exc_info()[0] is None:
            print(flush=True)


def _batch(args: argparse.Namespace) -> int:
    waiting: deque[Future[Answer]] = deque()
    failed = 0

    def finish_first() -> None:
        nonlocal failed
        line = {"answer": None, "latency_s": None, "error": None}
        try:
            answer = waiting.popleft().result()
            line.update(answer=answer.text, latency_s=round(answer.latency, 4))
        except VqaError as error:
            line["error"] = f"{error.code.name}: {error}"
            failed += 1
        print(jsonl.dump(line), flush=True)

    config = engine.config(args, parallel=args.jobs)
    with engine.running(config) as client:
        for item in jsonl.objects(args.batch):
            waiting.append(_ask_line(args, client, item))
            # One line is read ahead, so that its picture is decoded while the engine works.
            while len(waiting) > args.jobs or waiting and waiting[0].done():
                finish_first()
        while waiting:
            finish_first()
    return 1 if failed else 0


def _ask_line(args: argparse.Namespace, client: EngineClient, item: dict | BadRequest) -> Future[Answer]:
    """The answer to come; a bad line is an answer that has failed already."""
    try:
        if isinstance(item, BadRequest):
            raise item
        text = jsonl.text(item, "question")
        question = _question(args, text, jsonl.texts(item, "choices") or tuple(args.choices))
        return client.ask(question, [_frame(args, path) for path in jsonl.pictures(item, args.batch)])
    except VqaError as error:
        failed: Future[Answer] = Future()
        failed.set_exception(error)
        return failed


def _question(args: argparse.Namespace, text: str, choices: tuple[str, ...]) -> Question:
    from glm4v_ros.engine.question import Question, Sampling

    if len(choices) == 1:
        raise BadRequest("one choice is none; give two or more")
    if choices and args.schema:
        raise BadRequest("an answer has choices or a schema, not both")
    return Question(
        text=text, request_id=uuid.uuid4().hex, choices=choices, json_schema=_schema(args.schema), language=args.language,
        system_prompt=args.system, max_tokens=args.max_tokens, timeout=args.timeout, retry_on_crash=True,
        sampling=Sampling(temperature=args.temperature, seed=args.seed),
    )  # fmt: skip


def _schema(path: str | None) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"the schema {path} cannot be read: {error}") from error


def _frame(args: argparse.Namespace, path: str | Path) -> Frame:
    from glm4v_ros.engine.frame import Frame
    from glm4v_ros.vision.decoder import read_picture
    from glm4v_ros.vision.enhance import crop, enhance

    rgb = read_picture(path)
    if args.roi:
        rgb = crop(rgb, *args.roi)
    return Frame(enhance(rgb, args.enhance))


def _region(text: str) -> tuple[int, int, int, int]:
    numbers = text.split(",")
    if len(numbers) != 4 or not all(number.strip().isdecimal() for number in numbers):
        raise argparse.ArgumentTypeError(f"{text!r} is not X,Y,W,H in pixels, such as 100,40,320,200")
    x, y, width, height = map(int, numbers)
    return x, y, width, height


def _figures(answer: Answer) -> dict:
    """Every figure of an answer in JSON's terms: NaN, which JSON has not, is null."""
    fields = dataclasses.asdict(answer)
    fields["finish_reason"] = answer.finish_reason.name
    fields["answer"] = fields.pop("text")
    return {key: None if value != value else value for key, value in fields.items()}
