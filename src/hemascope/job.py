"""The main job: source -> Run, with data, training, scores, model file and report; begun or gone on with."""

import os
import platform
import time
from datetime import date
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import hemascope
from hemascope.audit.duplicates.groups import joined
from hemascope.audit.duplicates.search import IDENTICAL, near_duplicates
from hemascope.data.framing import FRAMING
from hemascope.data.limit import limited
from hemascope.data.manifest import Manifest
from hemascope.data.pixels import Pixels, load_pixels
from hemascope.data.reading import read_images
from hemascope.data.sources import open_source
from hemascope.data.splits import split
from hemascope.errors import DecodeError, RunError
from hemascope.evaluate.calibration import fit_temperature
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.predictions import Predictions, check_classes
from hemascope.evaluate.summary import card_scores, summarise, write_metrics
from hemascope.evaluate.tta_measure import measure_tta
from hemascope.export.graph import write_model
from hemascope.export.parity import compare, require
from hemascope.files import atomic
from hemascope.models.inference import run_network
from hemascope.models.network import Network
from hemascope.models.unknown import UnknownScore
from hemascope.predict.card import ModelCard
from hemascope.report.data_part import reasons_dropped
from hemascope.report.page import write_report
from hemascope.train.device import choose_device, resolve_batch_size
from hemascope.train.fit import Part, fit, new_network
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.unknown import fit_unknown

LIMITS = (
    "Not a medical device: not for diagnosis. Knows only its classes and gives every picture one of them. "
    "Scores were measured on images of the training data's laboratory; other stains and cameras score lower."
)
_PARITY_IMAGES = 32
_EXAMPLES = 1000  # training pictures from whose corners the score of unknown objects learns bare ground


def train(source: str, recipe: Recipe, folder: Path, console: Console) -> Run:
    """Train a classifier by a recipe and leave everything about it in a new folder.

    Args:
        source: what `hemascope.data.sources.open_source` reads.
        recipe: how to train.
        folder: where the Run goes; it must not hold one already.
        console: where progress goes.

    Raises:
        HemascopeError: a source, recipe or folder that cannot be used; nothing is written then.
    """
    Run(folder).check_free()
    with TransferBar(console) as progress:
        manifest = open_source(source, progress=progress)
    check_classes(manifest.classes)
    manifest = limited(manifest, recipe.limit, seed=recipe.seed)
    network = new_network(recipe, len(manifest.classes), pretrained=recipe.pretrained)  # refuses before the long work
    pixels = _read(manifest, recipe, console)
    manifest = split(_with_copies_together(pixels, console), recipe.fractions, seed=recipe.seed)
    images = int((_mask(manifest, "train")).sum())
    batch_size = resolve_batch_size(recipe, network, choose_device(), images)
    recipe = recipe.model_copy(update={"batch_size": batch_size})
    run = Run.create(folder, recipe, manifest, _about(source))
    _tell_data(manifest, console)
    return _go_on(run, recipe, manifest, pixels.images, console)


def read_parts(
    source: str, recipe: Recipe, console: Console, *, train: int, val: int
) -> tuple[tuple[str, ...], dict[str, Part]]:
    """The parts of a source in memory, for short trainings: copies on one side, classes in proportion.

    Args:
        source: what `hemascope.data.sources.open_source` reads; splits that it names are kept.
        recipe: its input size and seed.
        console: where progress goes.
        train: about so many images to train on.
        val: about so many for each other part.

    Returns:
        The classes, and the parts ``train``, ``val`` and, where the source names one, ``test``.

    Raises:
        HemascopeError: a source that cannot be used.
    """
    with TransferBar(console) as progress:
        manifest = open_source(source, progress=progress)
    check_classes(manifest.classes)
    splits = manifest.table["split"]
    whole = train if (splits == "val").any() else train + val
    most = {"": train + val, "train": whole, "val": val, "test": val}
    parts = [limited(manifest.rows(splits == name), count, seed=recipe.seed) for name, count in most.items()]
    chosen = manifest.rows(manifest.ids.isin([name for part in parts for name in part.ids]))
    pixels = _read(chosen, recipe, console)
    share = train / (train + val)
    manifest = split(_with_copies_together(pixels, console), (share, 1 - share, 0.0), seed=recipe.seed)
    names = ("train", "val", "test") if _mask(manifest, "test").any() else ("train", "val")
    return manifest.classes, {name: _part(manifest, pixels.images, name) for name in names}


def resume(folder: Path, console: Console) -> Run:
    """Go on with a Run that was interrupted; a finished one gets its scores, model file and report anew.

    Raises:
        RunError: not a Run, or its images are no longer what they were.
    """
    run = Run.open(folder)
    recipe, manifest = run.recipe(), run.manifest()
    pixels = _read(manifest, recipe, console)
    changed = (pixels.manifest.table["error"] != manifest.table["error"]).to_numpy()
    if changed.any():
        row = int(np.argmax(changed))
        raise RunError(
            f"{manifest.ids.iloc[row]}: no longer readable ({pixels.manifest.table['error'].iloc[row]})",
            "Put the images back where they were when this training began, or begin a new one.",
        )
    return _go_on(run, recipe, manifest, pixels.images, console)


def _go_on(run: Run, recipe: Recipe, manifest: Manifest, images: np.ndarray, console: Console) -> Run:
    train_part, val_part = (_part(manifest, images, name) for name in ("train", "val"))
    network = fit(run, recipe, len(manifest.classes), train_part, val_part, console)
    scored = _mask(manifest, "val") | _mask(manifest, "test")
    rows = manifest.rows(scored)
    logits = run_network(network, images[scored])
    on_val = (rows.table["split"] == "val").to_numpy()
    temperature = fit_temperature(logits[on_val], rows.targets()[on_val])
    predictions = Predictions.build(rows, logits, temperature)
    predictions.write(run.predictions_file)
    metrics = summarise(predictions)
    write_metrics(run.metrics_file, metrics)
    if recipe.tta:
        measure_tta(network, predictions, images[scored], recipe.input_size, recipe.tta_steps).write(run.folder)
    with console.status("learning what none of the classes looks like"):
        score, unknown = fit_unknown(
            network,
            recipe,
            (train_part.images, train_part.targets),
            val_part.images,
            _some_images(manifest, "train", _EXAMPLES),
        )
    judged = predictions.of("val")
    about = {"unknown": unknown, "conformal": fit_sets(judged.probabilities, judged.targets, recipe.seed)}
    _export(run, recipe, manifest, network, temperature, metrics, score, about)
    write_report(run.folder)
    return run


def _export(
    run: Run,
    recipe: Recipe,
    manifest: Manifest,
    network: Network,
    temperature: float,
    metrics: dict,
    score: UnknownScore,
    about: dict[str, dict],
) -> None:
    card = ModelCard(
        name=recipe.name,
        classes=manifest.classes,
        input_size=recipe.input_size,
        framing=FRAMING,
        network=recipe.network,
        parameters=sum(p.numel() for p in network.parameters()),
        temperature=temperature,
        data={
            "name": manifest.name,
            "licence": manifest.licence,
            "attribution": manifest.attribution,
            "images": int(_mask(manifest, "train").sum()),
        },
        scores=card_scores(metrics),
        **about,
        recipe=recipe.model_dump(mode="json"),
        limits=LIMITS,
        created=date.today().isoformat(),
        hemascope=hemascope.__version__,
    )
    with atomic(run.model_file) as temporary:
        write_model(network, card, temporary, score)
        require(compare(network, temperature, temporary, _some_images(manifest)), run.model_file)


def example_image(run: Run) -> Path:
    """An evaluated image as a file, to try the model on: the original where it is a file, else a copy in the Run."""
    manifest = run.manifest()
    row = manifest.rows(np.flatnonzero(_mask(manifest, "val"))[:1])
    if row.table["member"].iloc[0] == "":
        return Path(row.table["path"].iloc[0])
    path = run.folder / "example.png"
    with atomic(path) as temporary:
        Image.fromarray(_some_images(row)[0]).save(temporary)
    return path


def _some_images(manifest: Manifest, split_name: str = "val", count: int = _PARITY_IMAGES) -> list[np.ndarray]:
    rows = np.flatnonzero(_mask(manifest, split_name))
    chosen = rows[:: max(1, len(rows) // count)][:count]
    return [image for _, image in read_images(manifest.rows(chosen)) if not isinstance(image, DecodeError)]


def _mask(manifest: Manifest, split_name: str) -> np.ndarray:
    known = manifest.table["label"].isin(manifest.classes)
    return (manifest.usable & known & (manifest.table["split"] == split_name)).to_numpy()


def _part(manifest: Manifest, images: np.ndarray, split_name: str) -> Part:
    chosen = _mask(manifest, split_name)
    if not chosen.any():
        raise RunError(
            f"{manifest.name or 'the source'} leaves no image in its {split_name} part",
            "Give more images or other fractions (--set fractions=[0.8,0.1,0.1]).",
        )
    return Part(images[chosen], manifest.targets()[chosen])


def _read(manifest: Manifest, recipe: Recipe, console: Console) -> Pixels:
    columns = (TextColumn("reading images"), BarColumn(bar_width=20), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(manifest))
        return load_pixels(manifest, recipe.input_size, progress=lambda done, _: progress.update(task, completed=done))


def _with_copies_together(pixels: Pixels, console: Console) -> Manifest:
    """The manifest with near duplicates in one ``group``: a second for 1,000 images, so that no split has copies."""
    manifest = pixels.manifest
    columns = (TextColumn("looking for copies"), BarColumn(bar_width=20))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("")
        pairs = near_duplicates(
            pixels.images,
            manifest.usable.to_numpy(),
            progress=lambda _, done, total: progress.update(task, completed=done, total=total),
        )
    group = joined(manifest.table["group"].to_numpy(np.int64), pairs)
    near = group[[pair.first for pair in pairs if pair.relation != IDENTICAL]]
    if len(near):
        console.print(
            f"near duplicates: {int(np.isin(group, near).sum()):,} images in {len(np.unique(near)):,} groups, kept on "
            "one side of every split",
            highlight=False,
        )
    return manifest.with_columns(group=group)


def _tell_data(manifest: Manifest, console: Console) -> None:
    counts = {name: int(_mask(manifest, name).sum()) for name in ("train", "val", "test")}
    parts = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
    console.print(f"{manifest.name or 'images'}: {parts}, {len(manifest.classes)} classes", highlight=False)
    errors = manifest.table["error"]
    unreadable = int((errors != "").sum())
    if unreadable:
        first = int(np.argmax((errors != "").to_numpy()))
        console.print(
            f"left out: {unreadable:,} unreadable, first {manifest.ids.iloc[first]} ({errors.iloc[first]}); "
            "all are listed in the report",
            highlight=False,
        )
    for reason, count in reasons_dropped(manifest).value_counts().items():
        console.print(f"left out: {count:,}, {reason}", highlight=False)


def _about(source: str) -> dict[str, object]:
    return {
        "source": source,
        "began": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "hemascope": hemascope.__version__,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores, {choose_device().type}",
    }


class TransferBar:
    """A progress bar that appears only when bytes are fetched."""

    def __init__(self, console: Console) -> None:
        self.bar = Progress(console=console, transient=True, disable=not console.is_terminal)

    def __enter__(self) -> "TransferBar":
        return self

    def __call__(self, done: int, total: int | None) -> None:
        """Show that ``done`` of ``total`` bytes are here."""
        if not self.bar.task_ids:
            self.bar.start()
            self.bar.add_task("fetching", total=total)
        self.bar.update(self.bar.task_ids[0], completed=done, total=total)

    def __exit__(self, *_: object) -> None:
        self.bar.stop()
