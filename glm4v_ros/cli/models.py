"""What models there are, what they need, and whether their files are whole."""

from __future__ import annotations

import argparse

from glm4v_ros.cli import jsonl, models_convert, models_estimate, models_fetch
from glm4v_ros.cli.engine import Progress
from glm4v_ros.errors import BadRequest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    verbs = parser.add_subparsers(dest="models_verb", required=True, metavar="VERB")
    verb = verbs.add_parser("list", help="all models, and which of them are on this machine")
    verb.add_argument("--json", action="store_true", help="one JSON object a model")
    verb.set_defaults(run=_list)
    verb = verbs.add_parser("show", help="all about one model, and how to get it")
    verb.add_argument("name", metavar="NAME")
    verb.set_defaults(run=_show)
    verb = verbs.add_parser("verify", help="compare the SHA-256 of a model's files with the catalogue's")
    verb.add_argument("names", nargs="*", metavar="NAME", help="default: every model that is on this machine")
    verb.set_defaults(run=_verify)
    for name, module, summary in (
        ("fetch", models_fetch, "get a model's files from Hugging Face, a mirror or a folder"),
        ("convert", models_convert, "make glm-4v-9b's GGUF files from its checkpoint"),
        ("estimate", models_estimate, "how much memory a model takes, and whether it is there"),
    ):
        verb = verbs.add_parser(name, help=summary, description=module.__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
        module.add_arguments(verb)
        verb.set_defaults(run=module.run)


def run(args: argparse.Namespace) -> int:
    return args.run(args)


def _list(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog

    for name, entry in Catalog.load().entries.items():
        if args.json:
            print(jsonl.dump(_fields(name, entry)))
        else:
            print(f"{'*' if entry.present else ' '} {name:22} {entry.about}")
    if not args.json:
        print("\n* on this machine. `glm4v models show NAME` says more.")
    return 0


def _show(args: argparse.Namespace) -> int:
    from glm4v_ros.catalog.catalog import Catalog

    entry = Catalog.load().entry(args.name)
    for key, value in _fields(args.name, entry).items():
        if value not in ("", None, {}, 0):
            print(f"{key.replace('_', ' '):24} {value}")
    if not entry.present:
        print("\nnot on this machine" + (f"; get it with `glm4v models fetch {args.name}`" if entry.repository else ""))
    return 0


def _fields(name: str, entry) -> dict:
    model = entry.model
    return {
        "name": name,
        "present": entry.present,
        "about": entry.about,
        "licence": entry.licence,
        "repository": entry.repository,
        "text": str(model.text_path),
        "text_sha256": model.text_sha256,
        "vision": str(model.vision_path),
        "vision_sha256": model.vision_sha256,
        "context_tokens": model.context_tokens,
        "image_max_tokens": model.image_max_tokens,
        "images_per_conversation": model.images_per_conversation,
        "template_arguments": model.template_arguments,
        "answer_prefix": model.answer_prefix,
        "demo": model.demo,
        "notes": entry.notes,
    }


def _verify(args: argparse.Namespace) -> int:
    """0 only when every file was compared and found right."""
    from glm4v_ros.catalog.catalog import Catalog
    from glm4v_ros.catalog.verify import Verdict, verify

    catalog = Catalog.load()
    names = args.names or [name for name, entry in catalog.entries.items() if entry.present]
    if not names:
        raise BadRequest("no model is on this machine; `glm4v models list` shows which there are")
    all_ok = True
    for name in names:
        with Progress(f"verifying {name}") as progress:
            checks = verify(catalog.entry(name).model, lambda _, done, total: progress(done / total))  # noqa: B023
        for check in checks:
            print(f"{check.verdict.value:8} {name:22} {check.path}")
            if check.verdict is Verdict.DAMAGED:
                print(f"         SHA-256 is {check.found}, should be {check.expected}")
            elif check.verdict is Verdict.UNKNOWN:
                print(f"         SHA-256 is {check.found}; the catalogue has none to compare with")
            all_ok &= check.verdict is Verdict.OK
    return 0 if all_ok else 1
