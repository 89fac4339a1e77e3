"""Ask a question about a picture and print the answer as it is written.

stdout has the answer and nothing else. With --batch, FILE has one object a line,
  {"image": "plate.jpg", "question": "型号是什么?"}    optionally with "choices": ["A", "B"]
and each line, good or bad, gives one line, in the same order,
  {"answer": "H3U-32MR/ES", "latency_s": 0.41, "error": null}
With --verify a line has "verification" and "evidence" as well, with --zoom "zoom"; docs/verification.md says what they hold.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from glm4v_ros.cli import engine, jsonl, verified
from glm4v_ros.cli.asked import Asked
from glm4v_ros.errors import BadRequest, Unsupported, VqaError

if TYPE_CHECKING:
    from glm4v_ros.catalog.model import Model
    from glm4v_ros.engine.answer import Answer, Delta
    from glm4v_ros.engine.question import Question


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.usage = 'glm4v ask [options] [PICTURE...] "QUESTION"\n       glm4v ask [options] --batch FILE.jsonl'
    parser.add_argument("words", nargs="*", metavar='PICTURE... "QUESTION"',
                        help="PNG, JPEG, TIFF, WebP or BMP files, shown to the model in this order, then the question; without "
                             "a picture the answer is the language model's own")
    parser.add_argument("--batch", metavar="FILE", help="answer a file of questions, one JSON object a line; -: stdin")
    parser.add_argument("--jobs", type=engine.at_least(1), default=1, metavar="N",
                        help="with --batch: questions in work at once; more is faster on a GPU, and each takes longer")
    parser.add_argument("--json", action="store_true", help="print one JSON object with the answer and all its figures")
    group = parser.add_argument_group("answer")
    group.add_argument("--choice", action="append", default=[], metavar="TEXT", dest="choices",
                       help="the answer is exactly one of these; give it twice or more")
    group.add_argument("--schema", metavar="FILE", help="the answer is JSON that this JSON schema accepts")
    group.add_argument("--max-tokens", type=engine.at_least(1), default=256, metavar="N", help="(default: %(default)s)")
    group.add_argument("--language", default="", metavar="TAG", help="of the answer; default: the question's")
    group.add_argument("--preset", default="", metavar="NAME", help="system prompt of config/prompts.yaml")
    group.add_argument("--system", default="", metavar="TEXT", help="system prompt, in place of a preset's")
    group.add_argument("--timeout", type=float, default=0.0, metavar="S", help="most seconds a question may take")
    group.add_argument("--temperature", type=float, default=0.0, metavar="T", help="0: always the likeliest token")
    group.add_argument("--seed", type=engine.at_least(0), default=0, metavar="N", help="with a temperature")
    group = parser.add_argument_group("picture")
    group.add_argument("--roi", type=_region, metavar="X,Y,W,H",
                       help="the part of each picture to look at, in pixels of the picture as stored, before EXIF turns it")
    group.add_argument("--enhance", choices=("none", "auto"), default="none", help="auto: lift faint and blurred print")
    group = parser.add_argument_group("second reader")
    verified.add_arguments(group)
    group.add_argument("--annotate", metavar="FILE", help="write the picture with the evidence framed; means --verify auto")
    engine.add_arguments(parser)
    engine.add_remote_arguments(parser)


def run(args: argparse.Namespace) -> int:
    from glm4v_ros.policy import hints

    args.verify = args.verify or ("auto" if args.annotate else "off")
    hints.check(args.hints, args.verify)
    if args.batch:
        if args.words:
            raise BadRequest(f"--batch has the pictures and the questions; leave out {args.words[0]!r}")
        if args.annotate:
            raise BadRequest("--annotate is for one question; of a batch each line has the regions")
        return _batch(args)
    if not args.words:
        raise BadRequest('give a picture and a question: glm4v ask PICTURE "QUESTION"')
    *paths, text = args.words
    if not paths and (args.verify != "off" or args.roi):
        raise BadRequest("--verify, --annotate and --roi are about a picture: give one before the question")
    if os.path.isfile(text):
        raise BadRequest(f"the last argument is the question, but {text!r} is a file")
    pictures = [_shown(args, path) for path in paths]  # before the model: a wrong path should not have to wait for it
    config = engine.config(args)
    _apply_preset(args, config.model)
    question = _question(args, jsonl.text({"the question": text}, "the question"), tuple(args.choices), bool(paths))
    with engine.running(config) as client, _second_reader(args) as reader:
        asked = Asked(args, client, reader, question, pictures, engine.image_tokens(config))
        if args.json:
            asked.start()
            answer = asked.finish()
            print(jsonl.dump({"question": text, **_figures(answer), "model": config.model.name, **asked.fields()}))
        else:
            _stream(args, asked)
        if args.annotate:
            verified.annotate(args.annotate, asked.verification, pictures)
    return 0


@contextmanager
def _second_reader(args: argparse.Namespace):
    """None where nothing needs it."""
    if args.verify == args.zoom == args.hints == "off":
        yield None
    else:
        with verified.reader(args.reader_threads) as reader:
            yield reader


def _stream(args: argparse.Namespace, asked: Asked) -> None:
    """Prints the answer as it comes; one with choices, and one that must be confirmed, comes in one piece at the end."""
    written = []

    def write(delta: Delta) -> None:
        if delta.text:
            written.append(delta.text)
            print(delta.text, end="", flush=True)

    asked.on_delta = None if args.verify == "required" else write
    try:
        asked.start()
        answer = asked.finish()
    except VqaError:
        if written:
            print(flush=True)
        raise
    print("" if written else answer.text, flush=True)
    if asked.zoom:
        x, y, width, height = asked.fields()["zoom"]["region"]
        print(f"glm4v: looked closer at {width}x{height} pixels at ({x}, {y}), at {asked.zoom.text!r}", file=sys.stderr)
    if asked.verification:
        reason = f": {asked.verification.reason}" if asked.verification.reason else ""
        verdict = asked.verification.verdict.name.lower().replace("_", " ")
        print(f"glm4v: {verdict}{reason}", file=sys.stderr)


def _batch(args: argparse.Namespace) -> int:
    """Reads and asks here while another thread prints, so that no answer has to wait for the next line to be read."""
    config = engine.config(args, parallel=args.jobs)
    _apply_preset(args, config.model)
    answers: SimpleQueue[Asked | VqaError | None] = SimpleQueue()
    with ThreadPoolExecutor(1) as threads, engine.running(config) as client, _second_reader(args) as reader:
        free = threading.Semaphore(args.jobs)
        # Checking may be slower than answering: there a question counts as in work until its line is printed.
        printing = threads.submit(_print_lines, answers, None if reader is None else free)
        try:
            for item in jsonl.objects(args.batch):
                try:
                    asked: Asked | VqaError = Asked(args, client, reader, *_read_line(args, item), engine.image_tokens(config))
                    free.acquire()
                    _start(asked, free, checked=reader is not None)
                except VqaError as error:
                    asked = error
                answers.put(asked)
                if printing.done():  # nobody reads the answers any more
                    break
        finally:
            answers.put(None)
        return 1 if printing.result() else 0


def _start(asked: Asked, free: threading.Semaphore, checked: bool) -> None:
    """``free`` is released when the question is answered, or refused at once; of one that is checked when it is printed."""
    try:
        future = asked.start()
    except VqaError:
        free.release()
        raise
    if not checked:
        future.add_done_callback(lambda _: free.release())


def _print_lines(answers: SimpleQueue[Asked | VqaError | None], free: threading.Semaphore | None) -> int:
    """Prints one line per answer, in order, until None; how many were none."""
    failed = 0
    while (asked := answers.get()) is not None:
        line = {"answer": None, "latency_s": None, "error": None}
        try:
            if isinstance(asked, VqaError):
                raise asked
            answer = asked.finish()
            line.update(answer=answer.text, latency_s=round(answer.latency, 4), **asked.fields())
        except VqaError as error:
            line["error"] = f"{error.code.name}: {error}"
            failed += 1
        print(jsonl.dump(line), flush=True)
        if free is not None and isinstance(asked, Asked):
            free.release()
    return failed


def _read_line(args: argparse.Namespace, item: dict | BadRequest) -> tuple[Question, list[verified.Shown]]:
    if isinstance(item, BadRequest):
        raise item
    question = _question(args, jsonl.text(item, "question"), jsonl.texts(item, "choices") or tuple(args.choices))
    return question, [_shown(args, path) for path in jsonl.pictures(item, args.batch)]


def _question(args: argparse.Namespace, text: str, choices: tuple[str, ...], needs_picture: bool = True) -> Question:
    from glm4v_ros.engine.question import Question, Sampling
    from glm4v_ros.policy.language import with_language
    from glm4v_ros.policy.question_check import check_language

    check_language(args.language)
    if len(choices) == 1:
        raise BadRequest("one choice is none; give two or more")
    if choices and args.schema:
        raise BadRequest("an answer has choices or a schema, not both")
    return Question(
        text=text, request_id=uuid.uuid4().hex, choices=choices, json_schema=_schema(args.schema),
        system_prompt=with_language(args.system, args.language), max_tokens=args.max_tokens, timeout=args.timeout,
        retry_on_crash=True, needs_picture=needs_picture,
        sampling=Sampling(temperature=args.temperature, seed=args.seed),
    )  # fmt: skip


def _apply_preset(args: argparse.Namespace, model: Model) -> None:
    """Makes the preset's system prompt the one of ``args``; Unsupported where it must not run."""
    if args.preset:
        from glm4v_ros.policy.preset import find_preset, load_presets

        preset = find_preset(load_presets(), args.preset)
        preset.check_model(model.demo)
        preset.check_remote(bool(args.remote_url))
        if preset.medicine_rule:
            raise Unsupported(
                f"preset '{preset.name}' reads a medicine from two pictures that must agree, which only the node vqa does; "
                "ask there, or choose another preset"
            )
        args.system = args.system or preset.system_prompt


def _schema(path: str | None) -> str:
    if not path:
        return ""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"the schema {path} cannot be read: {error}") from error


def _shown(args: argparse.Namespace, path: str | Path) -> verified.Shown:
    from glm4v_ros.vision.decoder import read_picture
    from glm4v_ros.vision.enhance import enhanced

    return verified.Shown(enhanced(read_picture(path, args.roi), args.enhance), Path(path), args.roi or ())


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
    del fields["logprobs"]  # nobody asked for them
    return {key: None if value != value else value for key, value in fields.items()}
