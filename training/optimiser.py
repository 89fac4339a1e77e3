"""Muon for the matrices inside the blocks, AdamW for everything else."""

from __future__ import annotations

from collections import defaultdict

import torch
from torch import Tensor, nn


def orthogonalise(x: Tensor, steps: int = 5) -> Tensor:
    """Newton-Schulz iteration towards the nearest orthogonal matrices, for a stack (k, rows, columns).

    Coefficients: Keller Jordan, "Muon: An optimizer for hidden layers in neural networks", 2024.
    """
    a, b, c = 3.4445, -4.7750, 2.0315
    x = x.bfloat16() if x.is_cuda else x.float()  # most CPUs take longer for bf16
    turned = x.shape[1] > x.shape[2]
    if turned:
        x = x.mT
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if turned else x).float()


class Muon:
    """Momentum, made orthogonal, scaled to the RMS of an AdamW update (0.2), so that one learning rate fits both."""

    def __init__(self, parameters: list[nn.Parameter], momentum: float = 0.95, weight_decay: float = 0.02):
        self.momentum, self.weight_decay = momentum, weight_decay
        self.groups: dict[tuple[int, int], list[nn.Parameter]] = defaultdict(list)
        for p in parameters:
            self.groups[p.shape[0], p[0].numel()].append(p)
        self.buffers = {shape: torch.zeros(len(ps), *shape, device=ps[0].device) for shape, ps in self.groups.items()}

    @torch.no_grad()
    def step(self, lr: float) -> None:
        for shape, parameters in self.groups.items():
            gradient = torch.stack([p.grad.view(shape) for p in parameters])
            buffer = self.buffers[shape].lerp_(gradient, 1 - self.momentum)
            update = orthogonalise(gradient.lerp(buffer, self.momentum)) * (0.2 * max(shape) ** 0.5)
            torch._foreach_mul_(parameters, 1 - lr * self.weight_decay)
            torch._foreach_add_(parameters, [u.view(p.shape) for u, p in zip(update, parameters)], alpha=-lr)


class Optimiser:
    """One learning rate a step; AdamW takes a share of it."""

    adam_share = 0.5

    def __init__(self, model: nn.Module):
        inside = [p for name, p in model.named_parameters() if self.is_inner_matrix(name, p)]
        chosen = {id(p) for p in inside}
        outside = [p for p in model.parameters() if id(p) not in chosen]
        self.muon = Muon(inside)
        self.adam = torch.optim.AdamW(outside, betas=(0.9, 0.95), weight_decay=0.0, fused=outside[0].is_cuda)

    @staticmethod
    def is_inner_matrix(name: str, p: nn.Parameter) -> bool:
        return p.ndim >= 2 and not any(part in name for part in ("embed", "lm_head", "reader", "cells"))

    def step(self, lr: float) -> None:
        self.muon.step(lr)
        for group in self.adam.param_groups:
            group["lr"] = lr * self.adam_share
        self.adam.step()
