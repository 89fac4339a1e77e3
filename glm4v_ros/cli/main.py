"""`glm4v`: finds the verb and turns errors into messages and exit codes."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from glm4v_ros import __version__
from glm4v_ros.errors import ErrorCode, VqaError
from glm4v_ros.vendor import prefer_vendor

# A verb's module has add_arguments(parser) and run(args) -> exit code. Only the one asked for is imported.
VERBS = {
    "ask": "ask a question about a picture, or a file of questions",
    "eval": "score a model on pictures whose answers are known",
    "models": "list, show, fetch, verify, estimate and convert models",
    "bench": "measure how fast a model answers on this machine",
    "serve": "serve the web page and the API",
    "health": "say how the running node vqa is; exit code for scripts",
    "evidence": "check an evidence log",
    "say": "speak a text, or write it to a WAV file",
}

EPILOG = """\
examples:
  glm4v ask nameplate.jpg "What is the serial number?"
  glm4v ask panel.png "红灯亮了吗?" --choice 亮 --choice 不亮 --json
  glm4v ask --batch questions.jsonl > answers.jsonl
  glm4v eval my_plant.jsonl --model glm-4.6v-flash
  glm4v models list

The model runs on this machine; nothing leaves it, and no server is needed. Without --model it is glm4v-nano, which
ships with the package and is for trying out: it knows nameplates, displays, gauges, lamps and pill boxes.
`glm4v VERB --help` has each verb's options.

exit codes: 0 done, 1 some lines of a file were not answered, 2 wrong usage, 130 interrupted; a question without an
answer gives 16 bad image, 17 the model cannot do this, 19 timeout, 21 out of memory, 22 context full, 23 engine failed.
"""
WRONG_USAGE = 2  # as argparse has it
INTERRUPTED = 130
PIPE_CLOSED = 141


def main(argv: list[str] | None = None) -> int:
    """Runs one verb and gives the exit code. Raises SystemExit for --help and wrong usage, as argparse does."""
    prefer_vendor()
    argv = sys.argv[1:] if argv is None else argv
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")  # answers are Chinese under any locale
    parser = argparse.ArgumentParser(
        prog="glm4v",
        description="Ask a picture a question; a GLM-4V model on this machine answers.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"glm4v_ros {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    modules = {}
    for verb, summary in VERBS.items():
        verb_parser = verbs.add_parser(verb, help=summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        if argv and argv[0] == verb:
            modules[verb] = importlib.import_module(f"glm4v_ros.cli.{verb}")
            verb_parser.description = modules[verb].__doc__
            modules[verb].add_arguments(verb_parser)
    args = parser.parse_args(argv)
    try:
        code = modules[args.verb].run(args)
        sys.stdout.flush()
        return code
    except VqaError as error:
        print(f"glm4v: {error.code.name}: {error}", file=sys.stderr)
        return exit_code(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read the answers has enough; what is still in the buffer must not raise again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED


def exit_code(error: VqaError) -> int:
    """The error codes of Answer.msg do not fit into a byte; their last two digits and ten do."""
    return WRONG_USAGE if error.code == ErrorCode.BAD_REQUEST else int(error.code) - 9990


if __name__ == "__main__":
    sys.exit(main())
