"""The report of a soak: a table in Markdown and a plot."""

from __future__ import annotations

import json
from pathlib import Path


def write_report(directory: Path, soak, figures: dict) -> None:
    """Writes soak.md, soak.json and soak.png; ImportError without matplotlib."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "soak.md").write_text(_table(figures), encoding="utf-8")
    (directory / "soak.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    _plot(directory / "soak.png", soak)


def _table(figures: dict) -> str:
    lines = ["| | |", "|---|---|"]
    for name in figures:
        if name == "errors":
            value = ", ".join(f"{code} {count}" for code, count in figures[name].items()) or "none"
        elif name in ("recovery_s", "latency_s"):
            continue
        else:
            value = figures[name]
        lines.append(f"| {name} | {value} |")
    lines += ["", "| fault | times | recovery: median | p95 | maximum |", "|---|---|---|---|---|"]
    for kind, spread in (*figures["recovery_s"].items(), ("(a question's latency)", figures["latency_s"])):
        cells = " | ".join(f"{spread[key]:.2f} s" if key in spread else "" for key in ("median", "p95", "max"))
        lines.append(f"| {kind} | {spread['count']} | {cells} |")
    return "\n".join(lines) + "\n"


def _plot(path: Path, soak) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    minutes = [sample[0] / 60 for sample in soak.samples]
    figure, (memory, recovery, latency) = pyplot.subplots(3, 1, figsize=(10, 9), sharex=True, layout="constrained")
    memory.plot(minutes, [sample[2] for sample in soak.samples], label="node")
    memory.plot(minutes, [sample[4] for sample in soak.samples], label="worker", linewidth=0.6)
    memory.set(ylabel="resident memory, MiB", ylim=(0, None))
    memory.legend()
    for index, kind in enumerate(dict.fromkeys(fault.kind for fault in soak.faults)):
        points = [fault for fault in soak.faults if fault.kind == kind and fault.recovered]
        recovery.scatter(
            [(fault.at - soak.began) / 60 for fault in points],
            [fault.recovery for fault in points],
            s=14,
            color=pyplot.get_cmap("tab20")(index),
            label=kind,
        )
    recovery.set(ylabel="recovery, s", ylim=(0, None))
    if soak.faults:
        recovery.legend(fontsize=7, ncols=2)
    right = [outcome for outcome in soak.outcomes if outcome.right]
    latency.scatter(
        [(o.ended - soak.began) / 60 for o in right], [o.ended - o.sent for o in right], s=1, rasterized=True
    )
    latency.set(ylabel="a right answer's latency, s", xlabel="minutes", ylim=(0, None))
    figure.savefig(path, dpi=110)
