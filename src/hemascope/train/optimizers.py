"""Optimisers and learning-rate schedules by the recipe's names."""

from typing import Any

import timm.optim
import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau

from hemascope.models.freezing import stages
from hemascope.models.network import Network
from hemascope.train import recipe as recipes


def make_optimizer(network: nn.Module, options: recipes.Optimizer, layer_decay: float = 1.0) -> Optimizer:
    """The optimiser over the network's trainable weights; norms and biases (1-D tensors) are not decayed.

    Args:
        network: a `Network` where ``layer_decay`` is not 1.
        options: which optimiser. Its weight decay is decoupled from the gradient (Loshchilov and Hutter 2019).
        layer_decay: each stage of the backbone learns at this share of the next one's rate, the last stage at this
            share of the head's (discriminative fine-tuning: Howard and Ruder 2018).
    """
    rate = options.learning_rate
    scales = _scales(network, layer_decay)
    weights = [p for p in network.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": chosen, "weight_decay": decay, "lr": rate * scale}
        for scale in sorted({scales.get(id(p), 1.0) for p in weights}, reverse=True)  # the head's first
        for wide, decay in ((True, options.weight_decay), (False, 0.0))
        if (chosen := [p for p in weights if scales.get(id(p), 1.0) == scale and (p.ndim > 1) == wide])
    ]
    match options.name:
        case "nadam":
            return torch.optim.NAdam(groups, lr=rate, decoupled_weight_decay=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate)
        case "adam":  # Adam with decoupled decay is AdamW; without decay the two are the same
            return torch.optim.Adam(groups, lr=rate, decoupled_weight_decay=True)
        case "sgd":
            return timm.optim.SGDW(groups, lr=rate, momentum=options.momentum, nesterov=options.momentum > 0)
        case "rmsprop":
            return timm.optim.RMSpropTF(groups, lr=rate, momentum=options.momentum, decoupled_decay=True)
        case "lion":
            return timm.optim.Lion(groups, lr=rate)


def _scales(network: nn.Module, layer_decay: float) -> dict[int, float]:
    if layer_decay == 1:
        return {}
    assert isinstance(network, Network)
    parts = stages(network.backbone)
    return {id(p): layer_decay ** (len(parts) - i) for i, part in enumerate(parts) for p in part}


def add_l2(network: nn.Module, strength: float) -> None:
    """Add ``strength * w`` to the gradient of every weight but norms and biases.

    It is the gradient of strength / 2 times the sum of the squared weights, the penalty that Keras calls
    ``regularizers.l2(strength / 2)``. Adaptive optimisers divide it by the gradients' size as they do the rest, which
    decoupled weight decay avoids.
    """
    if strength:
        for weight in network.parameters():
            if weight.grad is not None and weight.ndim > 1:
                weight.grad.add_(weight.detach(), alpha=strength)


def make_schedule(optimizer: Optimizer, options: recipes.Schedule, *, steps: int) -> dict[str, Any]:
    """The schedule as Lightning's ``lr_scheduler`` dictionary.

    Args:
        optimizer: what it drives; the rates of its groups are the peaks of the one-cycle schedule (Smith & Topin 2018).
        options: which schedule.
        steps: optimiser steps that it extends over.
    """
    rates = [group["lr"] for group in optimizer.param_groups]
    match options.name:
        case "one_cycle":
            total = max(steps, 2)
            warmup = options.warmup if options.warmup * total > 1 else 0.0  # torch divides by the steps it rises in
            # Momentum stays as it is: cycling NAdam's beta made no difference and hides it from the recipe.
            cycle = OneCycleLR(optimizer, max_lr=rates, total_steps=total, pct_start=warmup, cycle_momentum=False)
            return {"scheduler": cycle, "interval": "step"}
        case "cosine":
            return {"scheduler": CosineAnnealingLR(optimizer, T_max=max(steps, 1)), "interval": "step"}
        case "plateau":
            plateau = ReduceLROnPlateau(optimizer, factor=options.factor, patience=options.patience)
            return {"scheduler": plateau, "interval": "epoch", "monitor": "val_loss"}
        case "constant":
            return {"scheduler": ConstantLR(optimizer, factor=1.0), "interval": "epoch"}
