"""The rows of the comparison: our figure, the peer's, their ratio and the bar that this project set itself."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

_ENOUGH = 100.0  # milliseconds within which a cancel must have stopped the work


@dataclass(frozen=True)
class Row:
    """``bar`` is the most or the least that ``ratio`` (or ``ours`` where there is no peer) may be."""

    figure: str
    unit: str
    ours: float
    peer_name: str
    peer: float | None
    bar: float
    at_most: bool

    @property
    def ratio(self) -> float | None:
        return self.ours / self.peer if self.peer else None

    @property
    def met(self) -> bool:
        value = self.ours if self.ratio is None else self.ratio
        return value <= self.bar if self.at_most else value >= self.bar


def rows(results: dict[str, dict[str, Any]]) -> list[Row]:
    """In the order of the steps; a step that was not run has no rows."""
    one, decode, cli = (results.get(name) for name in ("one asker", "decode", "llama-mtmd-cli"))
    found: list[Row] = []
    if one:
        new = 1000 * one["new frame, llama-server"]
        found += [
            Row("first token, new frame", "ms", 1000 * one["new frame, ours"], "llama-server", new, 0.70, True),
            Row("first token, second question on the frame", "ms", 1000 * one["same frame, ours"], "llama-server",
                1000 * one["same frame, llama-server"], 0.25, True),
            Row("first token, warm frame", "ms", 1000 * one["warm frame, ours"], "llama-server, new frame", new, 0.10, True),
        ]  # fmt: skip
    if decode:
        found.append(Row("decode, one answer", "tokens/s", decode["ours"], f"llama-bench, depth {decode['cells']}",
                         decode[f"tg at depth {decode['cells']}"], 0.97, False))  # fmt: skip
    for name, label, bar in (("askers, one frame", "one frame", 4.0), ("askers, own frames", "a frame each", 1.20)):
        if step := results.get(name):
            found += _askers(label, step, bar, results["machine"], one, decode)
    gpu = bool(results["machine"]["gpu"])
    if one and cli and gpu:
        found.append(Row("peak device memory, context 4096", "MiB", one["peak_device_mib"], "llama-mtmd-cli",
                         cli["peak_device_mib"], 0.93, True))  # fmt: skip
    if (step := results.get("not resident")) and gpu:
        found.append(Row("device memory between frames, tower freed", "MiB", step["between_frames_mib"], "", None, 6.9 * 1024, True))
    if step := results.get("cancel"):
        ubatch = 1000 * results["machine"]["ubatch"] / decode["pp at depth 0"] if decode else 0.0
        for stage in ("queued", "encoding", "prefill", "answering"):
            found.append(Row(f"cancel, {stage}: until the work has stopped", "ms", step[stage]["ended_ms"] + step[stage]["left_ms"],
                             "", None, max(_ENOUGH, ubatch), True))  # fmt: skip
    return found


def _askers(label: str, step: dict, bar: float, machine: dict, one: dict | None, decode: dict | None) -> list[Row]:
    """All at once, as reference figures are taken, and with further questions as soon as one is answered."""
    found = []
    for kind, asked in (("at once", "at once"), ("again and again", f"{machine['rounds']} questions each")):
        ours, peer = step["ours"][kind], step["llama-server"][kind]
        figure = f"{machine['askers']} askers, {label}, {asked}"
        rate = ours["requests_per_s"]
        found.append(Row(figure, "requests/s", rate, "llama-server", peer["requests_per_s"], bar, False))
        if label == "a frame each":
            if one and decode:
                floor = 1 / (one["encode_s"] + decode["cells"] / decode["pp at depth 0"])
                found.append(Row(figure, "requests/s", rate, "encode + prefill alone", floor, 0.85, False))
            found.append(Row(f"{figure}: P99 of the first token", "s", ours["first_token_p99_s"], "llama-server",
                             peer["first_token_p99_s"], 1.0, True))  # fmt: skip
    return found


def markdown(results: dict[str, dict[str, Any]]) -> str:
    lines = ["| figure | ours | peer | ratio | bar | |", "|---|---|---|---|---|---|"]
    for row in rows(results):
        sign = "≤" if row.at_most else "≥"
        peer = f"{_short(row.peer)} ({row.peer_name})" if row.peer else ""
        ratio = f"{row.ratio:.3f}" if row.ratio is not None else ""
        bar = f"{sign} {_short(row.bar)}" + ("" if row.peer else f" {row.unit}")
        lines.append(f"| {row.figure} [{row.unit}] | {_short(row.ours)} | {peer} | {ratio} | {bar} | {'met' if row.met else 'MISSED'} |")
    lines.append("")
    if step := results.get("decode"):
        lines.append(
            f"One asker: {step['cells']} tokens a prompt; while decoding, {step['used_tokens']} of {step['context_tokens']} KV "
            f"cells were in use, {step['prefix_tokens']} of them by frames."
        )
    if step := results.get("cancel"):
        right = sum(step[stage]["next_right"] for stage in ("queued", "encoding", "prefill", "answering"))
        lines.append(f"After a cancel {right} of {4 * step['times']} next answers were the same as without one.")
    return "\n".join(lines)


def write(directory: Path, results: dict[str, dict[str, Any]]) -> None:
    """table.md, peers.json and peers.svg; prints the table."""
    table = markdown(results)
    (directory / "table.md").write_text(table + "\n")
    listed = [{**asdict(row), "ratio": row.ratio, "met": row.met} for row in rows(results)]
    (directory / "peers.json").write_text(json.dumps({"rows": listed, "steps": results}, indent=1))
    print(table)
    try:
        plot(directory / "peers.svg", results)
    except ImportError:
        print("no plot: Matplotlib is not installed (pip install -r benchmarks/requirements.txt)")


def plot(path: Path, results: dict[str, dict[str, Any]]) -> None:
    """How far each ratio lies on the right side of its bar: 1 is the bar, 2 is twice as good."""
    from matplotlib.figure import Figure

    compared = [row for row in rows(results) if row.ratio]
    figure = Figure(figsize=(9, 0.5 * len(compared) + 1.5), layout="constrained")
    axes = figure.subplots()
    better = [row.bar / row.ratio if row.at_most else row.ratio / row.bar for row in compared]
    labels = [f"{row.figure}\nagainst {row.peer_name}" for row in compared]
    bars = axes.barh(labels, [value - 1 for value in better], left=1, color=["#2a7f62" if row.met else "#b5482f" for row in compared])
    axes.bar_label(bars, [f" {row.ratio:.2f} x" for row in compared], fontsize=8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("{x:g}")
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.tick_params(axis="y", labelsize=8)
    axes.set_xlabel("times better than the bar, with the ratio of the figures")
    machine = results["machine"]
    axes.set_title(f"{machine['gpu'] or machine['cpu']}, {machine['model']}, frames of {machine['frame']}", fontsize=9)
    figure.savefig(path)


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 1000 else f"{value:.3g}"
