#!/usr/bin/env python3
"""Measures `glm4v serve` over HTTP, beside llama-server on the same processor and files.

    python benchmarks/build_peers.py build/peers
    PYTHONPATH=build/peers/python scripts/in_venv python benchmarks/serve.py build/peers build/serve

Without BUILD's llama-server (--alone) only our side is measured. Both sides are warm, get the same JPEGs and number of
tokens, and take turns. Times count from the moment the JPEG and the question are at hand to the first text that the client holds.
OUT/serve.json has every figure, OUT/serve.md the table.
"""

from __future__ import annotations

import argparse
import http.client
import io
import itertools
import json
import os
import resource
import selectors
import statistics
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from llama_server import LlamaServer
from PIL import Image
from serve_client import PATIENCE, ROOT, Serve, Stream

NANO = ROOT / "models" / "glm4v-nano"
TEXT, VISION = NANO / "glm4v-nano-text-q4_k_m.gguf", NANO / "glm4v-nano-vision-q8_0.gguf"
CONTEXT = 4096  # KV cells of one asker on either side
REST = 1.0  # s before each question of one asker: our engine leaves cores to others, and the other side's last turn is one
PARTS = ("one_asker", "askers", "layer", "connections")
_questions = itertools.count()


def question() -> str:
    """One that was not asked before, always of the same length. It begins as the one before it did."""
    return f"What is written on label {next(_questions) + 10000}?"


def other_question() -> str:
    """The same in other words: it has none in common with the one before it."""
    return f"{next(_questions) + 10000} is the number of a label; what is on it?"


class Bench:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.out: Path = args.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.results: dict = {}
        self._seed = itertools.count()

    def run(self) -> None:
        for name in self.args.part or PARTS:
            print(f"[{time.strftime('%H:%M:%S')}] {name}", flush=True)
            self.results[name] = getattr(self, name)()
            print(json.dumps(self.results[name]), flush=True)
        (self.out / "serve.json").write_text(json.dumps(self.results, indent=1))
        if set(PARTS) <= set(self.results):
            (self.out / "serve.md").write_text(self.table())
            print(self.table())

    def one_asker(self) -> dict:
        figures: dict[str, list[float]] = {}
        with Serve(self.out / "serve.log", "--parallel", "1", "--context", str(CONTEXT)) as ours, self.peer(1) as peer:
            sides = {"ours": ours, **({"llama-server": peer} if peer else {})}
            for side in sides.values():
                side.ask(question(), self.frame(), 8)
            for turn in range(self.args.repeats):
                jpeg = self.frame()
                names = list(sides)[:: 1 if turn % 2 else -1]
                for name in names:
                    time.sleep(REST)
                    figures.setdefault(f"new picture, {name}", []).append(
                        sides[name].ask(question(), jpeg, 2).first_token
                    )
                for what, asked in (("known picture", question), ("known picture, other words", other_question)):
                    for name in names:
                        again = ours.upload(jpeg) if name == "ours" else jpeg
                        time.sleep(REST)
                        figures.setdefault(f"{what}, {name}", []).append(sides[name].ask(asked(), again, 2).first_token)
        return {**{name: statistics.median(values) for name, values in figures.items()}, "all": figures}

    def askers(self) -> dict:
        """All ask about one picture, a few questions each, the next as soon as the last is answered."""
        count, rates = self.args.askers, {}
        context = str(CONTEXT * 2)
        with Serve(
            self.out / "serve-16.log", "--parallel", str(count), "--queue", str(count), "--context", context
        ) as ours:
            rates["ours"] = self._rate(ours, count)
        with self.peer(count) as peer:
            if peer:
                rates["llama-server"] = self._rate(peer, count)
        return rates

    def _rate(self, side, count: int) -> float:
        """Requests a second, the median of three waves."""
        rates = []
        for _ in range(3):
            jpeg = self.frame()
            picture = side.upload(jpeg) if isinstance(side, Serve) else jpeg
            side.ask(question(), picture, 2)
            begun = time.monotonic()
            threads = [threading.Thread(target=lambda: [side.ask(question(), picture,
                            self.args.tokens) for _ in range(2)])
                       for _ in range(count)]  # fmt: skip
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            rates.append(2 * count / (time.monotonic() - begun))
        return statistics.median(rates)

    def layer(self) -> dict:
        """What HTTP adds to the engine client's first token: one engine, asked in turns with and without HTTP between.
        The client over HTTP is a process of its own, as clients are."""
        sys.path[:0] = [str(ROOT), str(ROOT / "test" / "web"), str(ROOT / "test" / "nodes")]
        from served import serving

        from glm4v_ros.catalog.catalog import model_of
        from glm4v_ros.engine.client import EngineClient
        from glm4v_ros.engine.config import EngineConfig
        from glm4v_ros.engine.question import Question
        from glm4v_ros.vision.decoder import decode_file
        from glm4v_ros.vision.frame import Frame

        jpeg = self.frame()
        frame = Frame(decode_file(jpeg, "it"))
        model = model_of(TEXT, VISION)
        direct, over = [], []
        with EngineClient(EngineConfig(model, context_tokens=CONTEXT)) as client:
            client.start()
            with serving(client, model) as served, ProcessPoolExecutor(1, get_context("spawn")) as elsewhere:
                key = elsewhere.submit(_first_over_http, served.port, jpeg, model.name).result()
                for turn in range(2 * self.args.repeats + 2):
                    heard: list[float] = []
                    begun = time.monotonic()
                    client.ask(Question(question(), f"direct-{turn}", max_tokens=2, ignore_eos=True), [frame],
                               lambda delta: delta.text and heard.append(time.monotonic() - begun)
                               ).result()  # fmt: skip
                    direct.append(heard[0])
                    over.append(elsewhere.submit(_first_over_http, served.port, key, model.name, question()).result())
        direct, over = direct[2:], over[2:]  # the first ones encode the frame
        return {"direct": statistics.median(direct), "over HTTP": statistics.median(over),
                "added": statistics.median(over) - statistics.median(direct), "all": {"direct": direct,
                    "over": over}}  # fmt: skip

    def connections(self) -> dict:
        """Idle ones by the thousand, and two hundred streams at once with the default queue and with a long one."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        figures: dict = {}
        with Serve(self.out / "serve-idle.log") as ours:
            ours.ask(question(), self.frame(), 2)
            before = ours.resident_mib
            held = [http.client.HTTPConnection("127.0.0.1", ours.port, timeout=PATIENCE) for _ in range(1000)]
            for _ in range(2):  # opened, and then proven open
                alive = sum(_healthy(connection) for connection in held)
            figures["idle connections"] = alive
            figures["same sockets"] = sum(connection.sock is not None for connection in held)
            figures["resident MiB before, with 1,000 idle"] = [round(before, 1), round(ours.resident_mib, 1)]
            for connection in held:
                connection.close()
            figures["200 streams, default queue"] = self._streams(ours, 200)
            figures["200 more"] = self._streams(ours, 200)
            figures["resident MiB after"] = round(ours.resident_mib, 1)
        with Serve(self.out / "serve-long.log", "--queue", "200", "--timeout", "600") as ours:
            figures["200 streams, queue of 200"] = self._streams(ours, 200)
            figures["resident MiB then"] = round(ours.resident_mib, 1)
            figures["200 once more"] = self._streams(ours, 200)
            figures["resident MiB in the end"] = round(ours.resident_mib, 1)
        return figures

    def _streams(self, ours: Serve, count: int) -> dict:
        """All requests are sent at once, each on a connection of its own, by a client of one thread."""
        key = ours.upload(self.frame())
        right = ours.ask("What is on the label?", key, 12).text
        request = Serve.request("What is on the label?", key, 12)
        streams = [Stream(ours.port) for _ in range(count)]
        with selectors.DefaultSelector() as selector:
            for stream in streams:
                selector.register(stream.socket, selectors.EVENT_READ, stream)
            for stream in streams:
                stream.send(request)
            while selector.get_map():
                for ready, _ in selector.select(PATIENCE):
                    if ready.data.receive():
                        selector.unregister(ready.fileobj)
        refused = sorted(one.seconds for one in streams if one.status == 429)
        return {
            "answered": sum(one.status == 200 for one in streams),
            "answered right": sum(one.status == 200 and one.text == right for one in streams),
            "refused with 429": len(refused), "others": sum(one.status not in (200, 429) for one in streams),
            "a refusal took, median": refused[len(refused) // 2] if refused else None,
            "a refusal took, at most": refused[-1] if refused else None,
        }  # fmt: skip

    @contextmanager
    def peer(self, slots: int):
        if self.args.alone:
            yield None
            return
        threads = len(os.sched_getaffinity(0))
        options = ["-np", slots, "-c", CONTEXT * slots, "-ub", 512, "-ngl", 0, "-t", threads, "-fa", "on"]
        with LlamaServer(
            self.args.build / "bin" / "llama-server", TEXT, VISION, self.out / f"llama-server-{slots}.log", options
        ) as server:
            yield server

    def frame(self) -> bytes:
        """The JPEG of a picture that was never shown, with about as much detail as a camera's."""
        random = np.random.default_rng([next(self._seed), 17])
        coarse = random.integers(0, 256, (13, 17, 3), np.uint8)
        picture = np.asarray(Image.fromarray(coarse).resize((448, 336), Image.Resampling.BICUBIC), np.int16)
        stream = io.BytesIO()
        noisy = np.clip(picture + random.integers(-6, 7, picture.shape, np.int16), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(stream, "JPEG", quality=90)
        return stream.getvalue()

    def table(self) -> str:
        one, many, layer, open_ = (self.results[name] for name in ("one_asker", "askers", "layer", "connections"))
        ms = lambda seconds: f"{1000 * seconds:.1f} ms"  # noqa: E731
        rows = [("figure", "ours", "peer", "ratio", "bar"), ("---",) * 5]
        if "new picture, llama-server" in one:
            new, known = one["new picture, ours"], one["known picture, ours"]
            peer_new, peer_known = one["new picture, llama-server"], one["known picture, llama-server"]
            rows += [
                ("first token, new picture", ms(new), f"{ms(peer_new)}, llama-server", f"{new / peer_new:.2f}", "1.05"),
                ("first token, a picture by its key", ms(known), f"{ms(peer_known)}, llama-server's repeat",
                    f"{known / peer_known:.2f}", "1.1"),
                ("the same in words that were not asked before", ms(one["known picture, other words, ours"]),
                    f"{ms(one['known picture, other words, llama-server'])}, llama-server's repeat",
                    f"{one['known picture, other words, ours'] / one['known picture, other words, llama-server']:.2f}", ""),
                ("the first beside our new picture", ms(known), ms(new), f"{known / new:.3f}", "0.10"),
                (f"{self.args.askers} askers, one picture, {self.args.tokens} tokens", f"{many['ours']:.2f} requests/s",
                 f"{many['llama-server']:.2f}, llama-server", f"{many['ours'] / many['llama-server']:.2f}", "3"),
            ]  # fmt: skip
        rows.append(("first token over HTTP beside the engine client's", ms(layer["over HTTP"]), ms(layer["direct"]),
                     f"+{ms(layer['added'])}", "+5 ms"))  # fmt: skip
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines += ["", *(f"- {name}: {value}" for name, value in open_.items())]
        return "\n".join(lines) + "\n"


_kept: dict[int, http.client.HTTPConnection] = {}  # by port, in the process of the client


def _first_over_http(port: int, picture: bytes | str, model: str, text: str = "") -> str | float:
    """Of a JPEG the key under which it is uploaded; of a key the seconds until the first text about it."""
    connection = _kept.setdefault(port, http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE))
    if isinstance(picture, bytes):
        connection.request("POST", "/v1/pictures", picture)
        return f"sha256:{json.loads(connection.getresponse().read())['sha256']}"
    return Serve.stream(connection, text, picture, 2, time.monotonic(), model=model)[1]


def _healthy(connection: http.client.HTTPConnection) -> bool:
    connection.request("GET", "/health")
    response = connection.getresponse()
    return response.status == 200 and bool(response.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, metavar="BUILD")
    parser.add_argument("out", type=Path, metavar="OUT")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; may be given several times")
    parser.add_argument("--alone", action="store_true", help="without llama-server")
    parser.add_argument(
        "--repeats", type=int, default=10, metavar="N", help="of each figure; the median counts (default: %(default)s)"
    )
    parser.add_argument("--askers", type=int, default=16, metavar="N", help="who ask at once (default: %(default)s)")
    parser.add_argument(
        "--tokens", type=int, default=32, metavar="N", help="of each of their answers (default: %(default)s)"
    )
    Bench(parser.parse_args()).run()


if __name__ == "__main__":
    main()
