#!/usr/bin/env python3
"""Measures `glm4v serve` over HTTP, beside llama-server on the same processor and files.

    python benchmarks/build_peers.py build/peers
    PYTHONPATH=build/peers/python scripts/in_venv python benchmarks/serve.py build/peers build/serve

Without BUILD's llama-server (--alone) only our side is measured. Both sides are warm, get the same JPEGs and number
of tokens, and
take turns. Times count from the moment the JPEG and the question are at hand to the first text that the client holds.
OUT/serve.json has every figure, OUT/serve.md the table.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import io
import itertools
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from llama_server import LlamaServer, Reply
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
NANO = ROOT / "models" / "glm4v-nano"
TEXT, VISION = NANO / "glm4v-nano-text-q4_k_m.gguf", NANO / "glm4v-nano-vision-q8_0.gguf"
CONTEXT = 4096  # KV cells of one asker on either side
PATIENCE = 600.0  # seconds
_questions = itertools.count()


def question() -> str:
    """One that was not asked before, always of the same length."""
    return f"What is written on label {next(_questions) + 10000}?"


class Serve:
    """A running `glm4v serve` and one client of it."""

    def __init__(self, log: Path, *options: str):
        self._log = log
        self._command = [
            sys.executable,
            "-m",
            "glm4v_ros.cli.main",
            "serve",
            "--port",
            "0",
            "--per-minute",
            "1000000",
            *options,
        ]

    def __enter__(self) -> Serve:
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(self._command, cwd=ROOT, stderr=subprocess.PIPE, text=True, env=environment)
        said = ""
        for line in self.process.stderr:
            said += line
            if "is ready" in line:
                break
        else:
            raise RuntimeError(f"glm4v serve did not start:\n{said}")
        self.port = int(re.search(r"http://127.0.0.1:(\d+)", said)[1])
        threading.Thread(target=self._keep_log, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        self.process.wait(30)

    def _keep_log(self) -> None:
        self._log.write_text(self.process.stderr.read())

    @property
    def resident_mib(self) -> float:
        """Of the server's own process; the model is in its worker's."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def upload(self, jpeg: bytes) -> str:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("POST", "/v1/pictures", jpeg)
        key = json.loads(connection.getresponse().read())["sha256"]
        connection.close()
        return f"sha256:{key}"

    def ask(self, text: str, picture: bytes | str, tokens: int) -> Reply:
        """``picture``: a JPEG, which travels in the request, or the key of one that was uploaded."""
        begun = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            status, first, whole, pieces, usage = self.stream(connection, text, picture, tokens, begun)
        finally:
            connection.close()
        if status != 200:
            raise RuntimeError(f"glm4v serve refused: {pieces}")
        return Reply("".join(pieces), usage["completion_tokens"], first, whole, 0.0)

    @staticmethod
    def stream(connection, text: str, picture: bytes | str, tokens: int, begun: float, **options):
        """(status, seconds to the first text, seconds to the end, texts, usage); with another status than 200 the
        body."""
        url = picture if isinstance(picture, str) else f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
        content = [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": text}]
        body = {"model": "glm4v-nano", "messages": [{"role": "user", "content": content}], "stream": True,
            "max_tokens": tokens,
                "ignore_eos": True, "stream_options": {"include_usage": True}, **options}  # fmt: skip
        connection.request("POST", "/v1/chat/completions", json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            return response.status, 0.0, time.monotonic() - begun, [response.read().decode()], {}
        first, pieces, usage = 0.0, [], {}
        for line in response:
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if "error" in event:
                raise RuntimeError(f"glm4v serve failed: {event['error']}")
            for choice in event["choices"]:
                if choice["delta"].get("content"):
                    first = first or time.monotonic() - begun
                    pieces.append(choice["delta"]["content"])
            usage = event.get("usage") or usage
        return 200, first, time.monotonic() - begun, pieces, usage


class Bench:
    def __init__(self, args: argparse.Namespace):
        self.args = args
        self.out: Path = args.out
        self.out.mkdir(parents=True, exist_ok=True)
        self.results: dict = {}
        self._seed = itertools.count()

    def run(self) -> None:
        for name in ("one_asker", "askers", "layer", "connections"):
            print(f"[{time.strftime('%H:%M:%S')}] {name}", flush=True)
            self.results[name] = getattr(self, name)()
            print(json.dumps(self.results[name]), flush=True)
        (self.out / "serve.json").write_text(json.dumps(self.results, indent=1))
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
                    figures.setdefault(f"new picture, {name}", []).append(
                        sides[name].ask(question(), jpeg, 2).first_token
                    )
                for name in names:
                    again = ours.upload(jpeg) if name == "ours" else jpeg
                    figures.setdefault(f"known picture, {name}", []).append(
                        sides[name].ask(question(), again, 2).first_token
                    )
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
        """What HTTP adds to the engine client's first token: one engine, asked in turns with and without HTTP
        between."""
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
            with serving(client, model) as served:
                connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
                connection.request("POST", "/v1/pictures", jpeg)
                key = f"sha256:{json.loads(connection.getresponse().read())['sha256']}"
                for turn in range(2 * self.args.repeats + 2):
                    text, heard = question(), []
                    begun = time.monotonic()
                    client.ask(Question(text, f"direct-{turn}", max_tokens=2, ignore_eos=True), [frame],
                               lambda delta: delta.text and heard.append(time.monotonic() - begun)
                               ).result()  # fmt: skip
                    direct.append(heard[0])
                    begun = time.monotonic()
                    over.append(Serve.stream(connection, question(), key, 2, begun, model=model.name)[1])
                connection.close()
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
        key = ours.upload(self.frame())
        right = ours.ask("What is on the label?", key, 12).text
        outcomes: list[tuple[int, float, str]] = []
        ready = threading.Barrier(count)

        def one() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", ours.port, timeout=PATIENCE)
            connection.connect()
            ready.wait()
            status, first, whole, pieces, _ = Serve.stream(
                connection, "What is on the label?", key, 12, time.monotonic()
            )
            outcomes.append((status, whole, "".join(pieces)))
            connection.close()

        threads = [threading.Thread(target=one) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = sorted(whole for status, whole, _ in outcomes if status == 429)
        return {
            "answered": sum(status == 200 for status, _, _ in outcomes),
            "answered right": sum(status == 200 and text == right for status, _, text in outcomes),
            "refused with 429": len(refused), "others": sum(status not in (200, 429) for status, _, _ in outcomes),
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
                ("the same beside our new picture", ms(known), ms(new), f"{known / new:.3f}", "0.10"),
                (f"{self.args.askers} askers, one picture, {self.args.tokens} tokens", f"{many['ours']:.2f} requests/s",
                 f"{many['llama-server']:.2f}, llama-server", f"{many['ours'] / many['llama-server']:.2f}", "3"),
            ]  # fmt: skip
        rows.append(("first token over HTTP beside the engine client's", ms(layer["over HTTP"]), ms(layer["direct"]),
                     f"+{ms(layer['added'])}", "+5 ms"))  # fmt: skip
        lines = ["| " + " | ".join(row) + " |" for row in rows]
        lines += ["", *(f"- {name}: {value}" for name, value in open_.items())]
        return "\n".join(lines) + "\n"


def _healthy(connection: http.client.HTTPConnection) -> bool:
    connection.request("GET", "/health")
    response = connection.getresponse()
    return response.status == 200 and bool(response.read())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=Path, metavar="BUILD")
    parser.add_argument("out", type=Path, metavar="OUT")
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
