"""Trains glm4v-nano for so many minutes, from the start or from a checkpoint, on one GPU or several.

    torchrun --nproc-per-node N -m training.train --out DIR --minutes 25 [--resume DIR] [--final]

Writes DIR/checkpoint every few minutes and DIR/log.txt. A slice that is not the last keeps its learning rate, so that the
next can go on; ``--final`` lets it fall to zero. ``--until`` names the second (of the Unix epoch) at which a lease ends, instead of
minutes: whatever the start took, the learning rate is at zero and the checkpoint written by then. ``--stop`` names a file that ends the
slice when it appears: what the GPU is wanted for is there.
"""

from __future__ import annotations

import argparse
import json
import os
import threading
import time
from collections import defaultdict
from math import inf
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from training import checkpoint
from training.batches import SKILLS, Batches, Curriculum, make_batch
from training.config import NanoConfig
from training.model import Nano
from training.optimiser import Optimiser
from training.pictures.degrade import degrade
from training.pictures.marks import CELLS, MARKS
from training.tokenizer import IGNORE, Tokenizer

CELLS_SHARE = 0.1  # of a table's rows, and of its columns, beside the characters
SAVING_SECONDS = 10.0  # what the last checkpoint takes, at most


class Reader(nn.Module):
    """A linear reading of each patch: which character or mark has its centre there, and in which row and column of a table. Used in
    training only."""

    def __init__(self, hidden: int, classes: int):
        super().__init__()
        self.reader = nn.Linear(hidden, classes)
        self.cells = nn.ModuleList(nn.Linear(hidden, count) for count in CELLS)


def patch_labels(batch: dict, shape: tuple[int, int]) -> tuple[Tensor, ...]:
    """Of each patch, in the tower's order: (B, N) class of the character centred there, its row, its column; 0 where there is none."""
    height, width = shape
    column, row = torch.floor(batch["centres"] / 14).long().unbind(-1)
    rows, columns = height // 14, width // 14
    inside = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    window = (row // 2) * (columns // 2) + column // 2
    index = window * 4 + (row % 2) * 2 + column % 2
    index = torch.where(inside, index, rows * columns)
    empty = torch.zeros(len(index), rows * columns + 1, dtype=torch.long, device=index.device)
    return tuple(empty.scatter(1, index, value.long())[:, :-1] for value in (batch["classes"], *batch["cells"].unbind(-1)))


def to_device(batch: dict, device: torch.device) -> dict:
    """The tensors; not the flaws' parameters, which `degrade` wants on the CPU."""
    return {key: value.to(device, non_blocking=True) if isinstance(value, Tensor) else value for key, value in batch.items()}


def losses(model: Nano, reader: Reader, batch: dict, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Answer loss, the loss of the per-patch readings, and the share of answer tokens that are right. Waits for nothing on a GPU."""
    images = degrade(batch["images"], batch["degradation"], seed)
    labels, *places = patch_labels(batch, images.shape[1:3])
    with torch.autocast(images.device.type, torch.bfloat16):
        hidden, patches = model(images, batch["ids"])
        learned = batch["learned"]
        logits = model.lm_head(hidden.flatten(0, 1)[learned])
        characters = reader.reader(patches)
        cells = [place(patches) for place in reader.cells]
    targets, share = batch["targets"].flatten()[learned], batch["weights"].flatten()[learned]
    answer = (F.cross_entropy(logits.float(), targets, reduction="none") * share).sum() / share.sum()
    weight = torch.ones(characters.shape[-1], device=images.device)
    weight[0] = 0.05
    weight[-len(MARKS) :] = 4.0  # few beside the characters of a nameplate
    character = F.cross_entropy(characters.flatten(0, 1), labels.flatten(), weight=weight.to(characters.dtype))
    for scores, place in zip(cells, places):
        loss = F.cross_entropy(scores.float().flatten(0, 1), place.flatten(), ignore_index=0, reduction="sum")
        character = character + CELLS_SHARE * loss / (place > 0).sum().clamp(min=1)
    return answer, character.float(), (logits.argmax(-1) == targets).float().mean()


@torch.no_grad()
def evaluate(model: Nano, batches: list[dict], device: torch.device) -> dict[str, float]:
    """Exact match by tag: an answer counts when every one of its tokens is the likeliest, as greedy decoding would write it."""
    right, total = defaultdict(int), defaultdict(int)
    for batch in batches:
        b = to_device(batch, device)
        images = degrade(b["images"], b["degradation"])
        # Compiling a second time without gradients would cost more than it saves.
        with torch.compiler.set_stance("force_eager"), torch.autocast(device.type, torch.bfloat16):
            hidden, _ = model(images, b["ids"])
            best = model.lm_head(hidden).argmax(-1)
        good = ((best == b["targets"]) | (b["targets"] == IGNORE)).cpu().numpy()
        for row, spans in enumerate(batch["tags"]):
            for tag, start, end in spans:
                total[tag] += 1
                right[tag] += bool(good[row, start:end].all())
    return {tag: right[tag] / total[tag] for tag in sorted(total)}


def evaluation_batches(tokenizer: Tokenizer, a_skill: int, level: float | None, size: tuple[int, int]) -> list[dict]:
    rng = np.random.default_rng(20_261_122)
    batches = []
    for skill in SKILLS:
        levels = rng.random(a_skill) if level is None else np.full(a_skill, level)
        batches.append(make_batch(rng, tokenizer, size, levels, [skill] * a_skill, "test"))
    return batches


class Schedule:
    """Warm up, hold, and in a final slice fall to zero over the last part."""

    def __init__(self, peak: float, seconds: float, final: bool, warmup_steps: int, fall: float):
        self.peak, self.seconds, self.final, self.warmup, self.fall = peak, seconds, final, warmup_steps, fall

    def rate(self, step: int, elapsed: float) -> float:
        left = max(0.0, 1 - elapsed / self.seconds)
        falling = min(1.0, left / self.fall) if self.final else 1.0
        return self.peak * min(1.0, (step + 1) / self.warmup) * falling


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float)
    length.add_argument("--until", type=float, help="second of the epoch at which the last checkpoint is written")
    parser.add_argument("--stop", type=Path, help="end the slice when this file appears")
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--final", action="store_true")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--patches", type=int, default=98304, help="patches a batch and GPU")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 2) // int(os.environ.get("LOCAL_WORLD_SIZE", 1)) - 1))
    parser.add_argument("--evaluate-every", type=float, default=90, help="seconds")
    parser.add_argument("--evaluate-pictures", type=int, default=96, help="a skill; 0: no evaluation")
    parser.add_argument("--warmup", type=int, default=200, help="steps")
    parser.add_argument("--save-at", type=float, nargs="*", default=[], help="parts of the slice after which a checkpoint is written too")
    parser.add_argument("--fall", type=float, default=0.45, help="part of a final slice in which the learning rate falls")
    parser.add_argument("--favour", nargs="*", default=[], metavar="SKILL=TIMES", help="draw a skill so many times as often")
    parser.add_argument("--no-compile", action="store_true")
    a = parser.parse_args()

    rank, world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    cuda = torch.cuda.is_available()
    device = torch.device("cuda", rank) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
        torch.backends.cuda.matmul.allow_tf32 = True
    if world > 1:
        dist.init_process_group("nccl" if cuda else "gloo")
    a.out.mkdir(parents=True, exist_ok=True)
    log_file = (a.out / "log.txt").open("a") if rank == 0 else None

    def log(text: str) -> None:
        if log_file:
            print(text, file=log_file, flush=True)
            print(text, flush=True)

    tokenizer = Tokenizer.load()
    config = NanoConfig(vocab_size=len(tokenizer))
    torch.manual_seed(0)
    model = Nano(config).to(device)
    reader = Reader(config.vision_hidden, tokenizer.patch_classes).to(device)
    notes = {"seen": 0.0, "steps": 0, "slices": 0}
    if a.resume:
        state = checkpoint.load(a.resume)
        model.load_state_dict({k: v for k, v in state.items() if not k.startswith("reader.")})
        readings = {k[7:]: v for k, v in state.items() if k.startswith("reader.")}
        if readings and readings["reader.bias"].shape == reader.reader.bias.shape:  # a restored checkpoint has none
            reader.load_state_dict(readings, strict=False)  # nor has an older one those of tables
        header = json.loads((a.resume / "header.json").read_text())
        notes = {key: header[key] for key in notes}
    together = nn.ModuleList([model, reader])
    parameters = list(together.parameters())
    optimiser = Optimiser(together)
    if cuda and not a.no_compile:
        for block in (*model.model.visual.blocks, model.model.visual.merger, *model.model.language_model.layers):
            block.compile(dynamic=True)

    curriculum = Curriculum(notes["seen"])
    favour = dict(one.split("=") for one in a.favour)
    skills = {skill: share * float(favour.get(skill, 1)) for skill, share in SKILLS.items()}
    dataset = Batches(tokenizer, curriculum, a.patches, seed=1000 * (notes["slices"] + 1) + rank, skills=skills)
    loader = iter(
        torch.utils.data.DataLoader(dataset, batch_size=None, num_workers=a.workers, prefetch_factor=4, pin_memory=cuda, in_order=False)
    )
    held_out = {}
    if rank == 0 and a.evaluate_pictures:
        held_out["easy 448x336"] = evaluation_batches(tokenizer, a.evaluate_pictures // 2, 0.2, (16, 12))
        held_out["448x336"] = evaluation_batches(tokenizer, a.evaluate_pictures, None, (16, 12))
        held_out["784x560"] = evaluation_batches(tokenizer, a.evaluate_pictures // 2, None, (28, 20))

    saving: list[threading.Thread] = []

    def save() -> None:
        """In a thread of its own: packing the weights takes seconds."""
        state = dict(model.state_dict()) | {f"reader.{k}": v for k, v in reader.state_dict().items()}
        state = {k: v.detach().to("cpu", torch.bfloat16, copy=True) for k, v in state.items()}
        seen = {"seen": curriculum.seen, "steps": notes["steps"], "slices": notes["slices"] + 1}
        wait_for_save()
        saving.append(threading.Thread(target=checkpoint.save, args=(state, a.out / "checkpoint"), kwargs=seen))
        saving[0].start()

    def wait_for_save() -> None:
        while saving:
            saving.pop().join()

    def report() -> None:
        model.eval()
        for name, batches in held_out.items():
            scores = evaluate(model, batches, device)
            log(f"  {name:13}" + "  ".join(f"{tag} {100 * score:.0f}" for tag, score in scores.items()))
        model.train()

    next(loader)  # the workers are up
    seconds = torch.tensor([a.until - SAVING_SECONDS - time.time() if a.until else a.minutes * 60], device=device)
    if world > 1:
        dist.all_reduce(seconds, op=dist.ReduceOp.MIN)
    schedule = Schedule(a.lr, float(seconds), a.final, a.warmup, a.fall)
    log(f"{schedule.seconds:.0f} s to train")
    save_at = sorted(a.save_at)
    start = reported = time.monotonic()
    elapsed, step, since, waited, next_report, clock = 0.0, 0, 0, 0.0, a.evaluate_every, None
    while elapsed < schedule.seconds:
        t0 = time.monotonic()
        batch = to_device(next(loader), device)
        waited += time.monotonic() - t0
        answer, character, accuracy = losses(model, reader, batch, notes["steps"] * world + rank)
        fade = 1.0 if curriculum.hardest < 0.5 else 0.3
        (answer + fade * character).backward()

        now = inf if a.stop and a.stop.exists() else time.monotonic() - start
        flat = torch.cat([p.grad.view(-1) for p in parameters] + [torch.full((1,), now, device=device)])
        if world > 1:
            dist.all_reduce(flat, op=dist.ReduceOp.SUM)
            flat /= world
        norm = flat[:-1].norm()
        flat[:-1] *= torch.clamp(1.0 / (norm + 1e-6), max=1.0)
        flat[:-1].nan_to_num_(0.0, 0.0, 0.0)  # all of them where the norm is not finite
        offset = 0
        for p in parameters:
            p.grad = flat[offset : offset + p.numel()].view_as(p)
            offset += p.numel()
        # The time of the step before: this one's is known when the GPU has done it, and meanwhile it shall be given the next one.
        elapsed = 0.0 if clock is None else float(clock)
        clock = flat[-1:].clone()
        lr = schedule.rate(step, elapsed)
        optimiser.step(lr)
        for p in parameters:
            p.grad = None

        step += 1
        since += len(batch["ids"]) * world
        notes["steps"] += 1
        curriculum.seen += len(batch["ids"]) * world / 1e6
        if rank == 0 and (step in (1, 2, 5, 10, 20) or step % 100 == 0):
            log(
                f"{elapsed:7.1f} s  step {notes['steps']:6}  seen {curriculum.seen:.3f} M  level {curriculum.hardest:.2f}  "
                f"loss {answer.item():.3f}  character {character.item():.3f}  tokens right {100 * accuracy.item():.1f} %  "
                f"norm {norm.item():.2f}  lr {lr:.2e}  {since / (time.monotonic() - reported + 1e-9):.0f} pictures/s  waited {waited:.0f} s"
            )
            since, reported = 0, time.monotonic()
        if rank == 0 and save_at and save_at[0] * schedule.seconds < elapsed < schedule.seconds:
            save_at.pop(0)
            save()
        if rank == 0 and held_out and elapsed > next_report:
            next_report = elapsed + a.evaluate_every
            report()
            save()
            since, reported = 0, time.monotonic()
    if rank == 0:
        save()
        wait_for_save()
        if held_out:
            report()
        log(f"done after {step} steps of this slice, {curriculum.seen:.3f} M pictures in all")
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
