"""The training of the detector."""

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from hemascope.augment.batch import augment
from hemascope.augment.mixing import mix_colours
from hemascope.data.annotations.fields import LabelledField
from hemascope.errors import HemascopeError
from hemascope.files import atomic
from hemascope.progress import SILENT, Progress
from hemascope.train.averaging import kept
from hemascope.train.detector.loss import Targets, detection_loss
from hemascope.train.detector.network import CellNetwork
from hemascope.train.detector.pieces import Pieces
from hemascope.train.detector.recipe import DetectorRecipe
from hemascope.train.device import choose_device, use_bfloat16
from hemascope.train.optimizers import make_optimizer
from hemascope.train.recipe import Optimizer

LAST = "last.ckpt"
HISTORY = ("epoch", "train_loss", "learning_rate", "seconds")


def fit_network(
    recipe: DetectorRecipe,
    fields: Sequence[LabelledField],
    folder: Path,
    on_epoch: Callable[[dict[str, float]], None] = lambda row: None,
    progress: Progress = SILENT,
) -> CellNetwork:
    """Train the detector's network; goes on from the last epoch that ``folder`` holds.

    Args:
        recipe: how.
        fields: what it learns from.
        folder: keeps the last checkpoint.
        on_epoch: called with each epoch's row of the history.
        progress: told how far it is.

    Returns:
        the network of averaged weights, in evaluation mode, on the CPU.

    Raises:
        HemascopeError: no fields, or the loss is no number.
    """
    if not fields:
        raise HemascopeError("there are no fields to train on", "Give a source with annotated fields.")
    device = choose_device()
    torch.manual_seed(recipe.seed)
    network = CellNetwork(recipe.pretrained).to(device)
    averaged = copy.deepcopy(network).eval()
    options = Optimizer(name="adamw", learning_rate=recipe.learning_rate, weight_decay=recipe.weight_decay)
    optimizer = make_optimizer(network, options)
    steps = max(1, round(len(fields) * recipe.views / recipe.batch_size))
    begun = _resumed(folder / LAST, network, averaged, optimizer)
    pieces = Pieces(fields, recipe)
    half = use_bfloat16("auto", device)
    for epoch in range(begun, recipe.epochs):
        started, losses = time.monotonic(), []
        generator = torch.Generator(device).manual_seed(recipe.seed * 100_003 + epoch)
        network.train()
        progress.step(f"epoch {epoch + 1}/{recipe.epochs}", steps)
        for number, (images, targets) in enumerate(_batches(pieces, recipe, epoch, steps)):
            done = (epoch * steps + number) / (recipe.epochs * steps)
            for group in optimizer.param_groups:
                group["lr"] = recipe.learning_rate * _rate(done, recipe.warmup)
            with torch.no_grad():
                shown = images.to(device).float().div_(255)
                shown = augment(mix_colours(shown, recipe.colours, generator), recipe.augment, generator)
            with torch.autocast(device.type, torch.bfloat16, enabled=half):
                maps = network(shown.contiguous(memory_format=torch.channels_last))
            loss = detection_loss(maps, Targets(*(part.to(device) for part in targets)))
            if not math.isfinite(loss.item()):
                raise HemascopeError(f"epoch {epoch + 1}: the loss is no number", "Lower learning_rate.")
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 10)
            optimizer.step()
            _average(averaged, network, kept(recipe.ema, epoch * steps + number))
            losses.append(loss.item())
            progress.done(number + 1)
        state = {"epoch": epoch + 1, "network": network.state_dict(), "averaged": averaged.state_dict()}
        with atomic(folder / LAST) as temporary:
            torch.save({**state, "optimizer": optimizer.state_dict()}, temporary)
        row = (epoch + 1, float(np.mean(losses)), optimizer.param_groups[0]["lr"], time.monotonic() - started)
        on_epoch(dict(zip(HISTORY, row, strict=True)))
    return averaged.cpu()


def _rate(done: float, warmup: float) -> float:
    if done < warmup:
        return done / warmup + 1e-3
    return 0.5 + 0.5 * math.cos(math.pi * (done - warmup) / (1 - warmup))


@torch.no_grad()
def _average(averaged: nn.Module, network: nn.Module, keep: float) -> None:
    for old, new in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if old.is_floating_point():
            old.lerp_(new, 1 - keep)
        else:
            old.copy_(new)


def _batches(pieces: Pieces, recipe: DetectorRecipe, epoch: int, steps: int) -> Iterator[tuple[Tensor, Targets]]:
    """Batches of pieces, each piece drawn by a seed of its own; every source as often as any other."""
    random = np.random.default_rng((recipe.seed, epoch))
    sources = [field.source for field in pieces.fields]
    weight = np.array([1 / sources.count(source) for source in sources])
    numbers = random.choice(len(sources), steps * recipe.batch_size, p=weight / weight.sum())
    seeds = random.integers(2**63, size=len(numbers))

    def one(at: int) -> tuple[Tensor, Targets]:
        return pieces.draw(int(numbers[at]), np.random.default_rng(seeds[at]))

    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(one, at) for at in range(min(3 * recipe.batch_size, len(numbers)))]
        for step in range(steps):
            images, targets = zip(*(job.result() for job in waiting[: recipe.batch_size]), strict=True)
            del waiting[: recipe.batch_size]
            ahead = range((step + 3) * recipe.batch_size, min((step + 4) * recipe.batch_size, len(numbers)))
            waiting += [pool.submit(one, at) for at in ahead]
            yield torch.stack(images), Targets(*map(torch.stack, zip(*targets, strict=True)))


def _resumed(path: Path, network: nn.Module, averaged: nn.Module, optimizer: torch.optim.Optimizer) -> int:
    """Take up the last checkpoint, if there is one; the number of epochs that it has seen."""
    if not path.is_file():
        return 0
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict(state["network"])
    averaged.load_state_dict(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epoch"])
