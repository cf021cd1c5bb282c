"""Optimisers and learning-rate schedules by the recipe's names."""

from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, OneCycleLR, ReduceLROnPlateau

from hemascope.train import recipe as recipes


def make_optimizer(network: nn.Module, options: recipes.Optimizer) -> Optimizer:
    """The optimiser over the network's trainable weights; norms and biases (1-D tensors) are not decayed."""
    weights = [p for p in network.parameters() if p.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in weights if p.ndim > 1], "weight_decay": options.weight_decay},
        {"params": [p for p in weights if p.ndim <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    rate = options.learning_rate
    match options.name:
        case "nadam":
            return torch.optim.NAdam(groups, lr=rate, decoupled_weight_decay=True)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate)
        case "adam":  # Adam with decoupled decay is AdamW; without decay the two are the same
            return torch.optim.Adam(groups, lr=rate, decoupled_weight_decay=True)
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=options.momentum, nesterov=options.momentum > 0)
        case "rmsprop":
            return torch.optim.RMSprop(groups, lr=rate, momentum=options.momentum)


def make_schedule(optimizer: Optimizer, options: recipes.Schedule, *, steps: int, rate: float) -> dict[str, Any]:
    """The schedule as Lightning's ``lr_scheduler`` dictionary.

    Args:
        optimizer: what it drives.
        options: which schedule.
        steps: optimiser steps of the whole training.
        rate: the recipe's learning rate, the peak of the one-cycle schedule (Smith & Topin 2018).
    """
    match options.name:
        case "one_cycle":
            # Momentum stays as it is: cycling NAdam's beta made no difference and hides it from the recipe.
            cycle = OneCycleLR(
                optimizer, max_lr=rate, total_steps=max(steps, 2), pct_start=options.warmup, cycle_momentum=False
            )
            return {"scheduler": cycle, "interval": "step"}
        case "cosine":
            return {"scheduler": CosineAnnealingLR(optimizer, T_max=max(steps, 1)), "interval": "step"}
        case "plateau":
            plateau = ReduceLROnPlateau(optimizer, factor=options.factor, patience=options.patience)
            return {"scheduler": plateau, "interval": "epoch", "monitor": "val_loss"}
        case "constant":
            return {"scheduler": ConstantLR(optimizer, factor=1.0), "interval": "epoch"}
