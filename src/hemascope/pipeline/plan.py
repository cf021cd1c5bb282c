"""What a training would do and how long it would take, measured on two batches; nothing is written."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hemascope.data.manifest import SPLITS, Manifest
from hemascope.data.pixels import load_pixels
from hemascope.data.splits import limited
from hemascope.models.depthwise import use_fast_depthwise
from hemascope.models.freezing import freeze
from hemascope.models.network import Network
from hemascope.pipeline.division import by_laboratory, divided, val_share
from hemascope.pipeline.parts import opened
from hemascope.pipeline.train import checked_network, with_batch_size
from hemascope.progress import SILENT, Progress
from hemascope.shown import paragraphs
from hemascope.train.batches import to_unit_range, training_batches
from hemascope.train.device import choose_device, on_device, use_bfloat16
from hemascope.train.module import CellTraining
from hemascope.train.recipe import Recipe
from hemascope.train.recipe_files import load_recipe
from hemascope.train.unknown import looked_at

_WRITING = 40.0
"""Seconds for scores, model file and report of EfficientNet-Lite0 on two cores; they hang little on the images."""


@dataclass(frozen=True)
class Plan:
    """What a training would do.

    Attributes:
        recipe: with ``batch_size`` resolved to a number.
        parts: images of train, val and test, before copies are kept on one side, which moves a few.
        classes: how many.
        learning: weights that learn, of ``weights``.
        networks: so many trainings: folds, or rounds of a boosting at most.
        epochs, steps: of each of them, at most: a training may stop early.
        seconds: what each stage takes, all networks together.
        device: where it was measured.
    """

    recipe: Recipe
    parts: dict[str, int]
    classes: int
    learning: int
    weights: int
    networks: int
    epochs: int
    steps: int
    seconds: dict[str, float]
    device: str

    @property
    def minutes(self) -> float:
        """All of it."""
        return sum(self.seconds.values()) / 60

    @property
    def lines(self) -> list[str]:
        """The plan in words, a line each."""
        recipe = self.recipe
        begins = f"the weights of {recipe.start}" if recipe.start else "ImageNet's weights"
        begins = begins if recipe.start or recipe.pretrained else "random weights"
        parts = ", ".join(f"{count:,} {name}" for name, count in self.parts.items() if count)
        many = f"{self.networks} times " if self.networks > 1 else ""
        stages = ", ".join(f"{name} {words(seconds)}" for name, seconds in self.seconds.items())
        return [
            f"Images: {parts}; {self.classes} classes",
            f"Network: {recipe.network} at {recipe.input_size} px from {begins}; "
            f"{self.learning:,} of {self.weights:,} weights learn",
            f"Training: {many}{self.steps:,} steps of {recipe.batch_size} images in {self.epochs} epochs at most",
            f"Time: about {words(sum(self.seconds.values()))}: {stages}",
            f"Timed on two batches, on this machine ({self.device}) as busy as it is now. Nothing was written.",
        ]

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        return paragraphs(self.lines)


def words(seconds: float) -> str:
    """A time as people say it.

    >>> words(40), words(100), words(4000)
    ('40 s', '2 min', '1 h 7 min')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def plan(
    source: str | Path,
    recipe: str | Path | Recipe = "standard",
    *,
    set: Iterable[str] | Mapping[str, Any] = (),
    device: str | None = None,
    progress: Progress = SILENT,
) -> Plan:
    """What `hemascope.train` would do with the same arguments, and how long it would take; nothing is written.

    Two batches of the images are read, trained on and looked at; the network is thrown away afterwards. Trainings of
    others on the same machine slow it down as they will the training.

    Args:
        source: labelled images, what `hemascope.data.sources.open_source` reads.
        recipe: how to train: a shipped recipe's name, a YAML file or a Recipe.
        set: changes of the recipe: ``["epochs=10"]`` or ``{"epochs": 10}``.
        device: as of `hemascope.train`.
        progress: what it reports to.

    Raises:
        HemascopeError: a source, recipe or device that cannot be used.
    """
    with on_device(device):
        return _plan(source, recipe, set, progress)


def _plan(
    source: str | Path, recipe: str | Path | Recipe, set: Iterable[str] | Mapping[str, Any], progress: Progress
) -> Plan:
    chosen = load_recipe(recipe, set)
    manifest = limited(opened(source, progress), chosen.limit, seed=chosen.seed)
    chosen = by_laboratory(manifest, chosen, progress)
    chosen = by_laboratory(manifest, chosen, progress)
    network = checked_network(chosen, manifest)
    manifest = divided(manifest, chosen)
    chosen = with_batch_size(chosen, network, manifest)
    parts = {name: int(manifest.part(name).sum()) for name in SPLITS}
    train, val, rounds = parts["train"], parts["val"], 1
    if chosen.folds:
        train = int(train * (1 - 1 / chosen.folds) * (1 - val_share(chosen)))
        val, rounds = round(train * val_share(chosen)), chosen.folds
    elif chosen.boosting and chosen.boosting.over == "networks":
        rounds = chosen.boosting.rounds
    learns = chosen.boosting is None or chosen.boosting.over == "networks"
    measured = _Measured(chosen, network, manifest, progress)
    assert isinstance(chosen.batch_size, int)
    steps = max(1, train // chosen.batch_size)
    training = sum(steps * epochs * measured.step(size, alone) for (size, alone), epochs in _kinds(chosen).items())
    passes = val * chosen.epochs + min(100 * max(chosen.batch_size, 64), train)
    scored = looked_at(train, val) + (parts["val"] + parts["test"]) * (1 + chosen.tta_steps * chosen.tta)
    views = chosen.boosting.views * train if chosen.boosting and not learns else 0
    seconds = {
        "reading": len(manifest) * measured.reading,
        "training": rounds * (training + passes * measured.image) if learns else views * measured.image,
        "closing": scored * measured.image + _WRITING,
    }
    weights = [weight.numel() for weight in network.parameters()]
    freeze(network, chosen.transfer.trainable)
    learning = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    return Plan(
        chosen,
        parts,
        len(manifest.classes),
        learning if learns else 0,
        sum(weights),
        rounds,
        chosen.epochs if learns else 0,
        steps * chosen.epochs if learns else 0,
        seconds,
        choose_device().type,
    )


def _kinds(recipe: Recipe) -> Counter[tuple[int | None, bool]]:
    """How many epochs see images of which size, None for the recipe's, and train the head alone or not."""
    return Counter(
        (recipe.progressive.size_at(epoch, recipe.epochs), epoch < recipe.transfer.head_epochs)
        for epoch in range(recipe.epochs)
    )


class _Measured:
    """Seconds on this machine: to read an image, to look at one, and for a step of each kind."""

    def __init__(self, recipe: Recipe, network: Network, manifest: Manifest, progress: Progress) -> None:
        assert isinstance(recipe.batch_size, int)
        self.recipe, self.device = recipe, choose_device()
        rows = np.flatnonzero(manifest.part("train"))[: recipe.batch_size]
        begun = time.perf_counter()
        pixels = load_pixels(manifest.rows(rows), recipe.input_size, progress=progress)
        self.reading = (time.perf_counter() - begun) / len(rows)
        progress.step("timing two batches")
        targets = manifest.targets()[rows]
        batch = next(iter(training_batches(pixels.images, targets, len(rows), recipe.seed)))
        self.batch: Any = tuple(part.to(self.device) for part in batch)
        self.classes = len(manifest.classes)
        if self.device.type == "cpu":
            use_fast_depthwise(network)
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        with torch.inference_mode():
            network.eval()
            shown = to_unit_range(self.batch[0]).contiguous(memory_format=torch.channels_last)
            self.image = self._second_time(lambda: network(shown)) / len(rows)

    def step(self, size: int | None, head_alone: bool) -> float:
        """Seconds of a step on images of a side, or of the recipe's."""
        sized = self.recipe.model_copy(
            update={"progressive": self.recipe.progressive.model_copy(update={"size": size, "share": 1.0})}
        )
        freeze(self.network, "head" if head_alone else self.recipe.transfer.trainable)
        self.network.train()
        module = CellTraining(self.network, sized, classes=self.classes, steps=10).to(self.device)
        optimizer = module.configure_optimizers()["optimizer"]
        half = use_bfloat16(self.recipe.precision, self.device)

        def one() -> None:
            with torch.autocast(self.device.type, torch.bfloat16, enabled=half):
                loss = module.training_step(self.batch, 0)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return self._second_time(one)

    def _second_time(self, work: Callable[[], object]) -> float:
        """Seconds of the second of two calls: the first one makes room and chooses kernels."""
        for _ in range(2):
            begun = time.perf_counter()
            work()
            if self.device.type == "cuda":
                torch.cuda.synchronize()
        return time.perf_counter() - begun
