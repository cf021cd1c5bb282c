"""Model file and unlabelled images in, adapted model file out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from hemascope.errors import ModelFileError
from hemascope.export.adapt.adaptation import Adaptation
from hemascope.export.adapt.images import read_folder
from hemascope.export.adapt.layers import find_layers
from hemascope.export.adapt.refit import PRIOR, refit
from hemascope.export.metadata import set_card
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import load, usable_cores

if TYPE_CHECKING:
    import onnx

METHOD = "BatchNorm statistics of the first layers mixed with those of unlabelled images (Schneider et al. 2020)"

Progress = Callable[[str, int, int], None]


def adapt(
    model: str | Path,
    paths: Sequence[str],
    output: Path,
    *,
    limit: int = 1000,
    prior: float = PRIOR,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
) -> Adaptation:
    """Write a model file whose normalisation fits the unlabelled images of another laboratory.

    Its classes, calibration and outputs stay; its card says in ``adapted`` what was done.

    Args:
        model: a model file, a Run folder or a shipped model's name.
        paths: folders or files of images of cells, with all classes that will be met among them.
        output: the new file; one there is replaced, whole or not at all.
        limit: at most so many images, drawn by seed.
        prior: images that the training's statistics count as; 0 forgets them.
        seed: of the draw.
        threads: one a core where not given.
        progress: called with what is being done, how much is done and how much there is.

    Raises:
        ModelFileError: a file without stored statistics, or adapted before; an output that cannot be written.
        SourceError: too few readable images.
    """
    import onnx

    threads = threads or usable_cores()
    _check_output(output)
    classifier = load(model, threads=threads)
    source = classifier.path
    if output.exists() and output.samefile(source):
        raise ModelFileError(f"{output}: is the file to adapt, which would be lost", "Name another output.")
    if classifier.card.adapted:
        raise ModelFileError(f"{source}: it is adapted already", "Adapt the original file.")
    original = onnx.load(source)
    find_layers(original, str(source))  # a file that cannot be adapted is refused before any image is read
    tell = progress or (lambda what, done, total: None)
    framed = read_folder(
        paths,
        classifier.card.input_size,
        limit=limit,
        seed=seed,
        threads=threads,
        progress=lambda done, total: tell("reading", done, total),
    )
    n = len(framed.images)
    found = refit(
        original,
        framed.images,
        prior=prior,
        threads=threads,
        progress=lambda done, total: tell("adapting", done, total),
        path=str(source),
    )
    _describe(found.model, classifier.card, classifier.digest, n, found.shift)
    before = classifier.probabilities(framed.images)
    with atomic(output) as temporary:
        onnx.save(found.model, temporary)
        after = load(temporary, threads=threads).probabilities(framed.images)
    stain_varied = bool(classifier.card.recipe.get("augment", {}).get("stain"))
    return Adaptation(classifier.classes, n, framed.errors, found.weight, found.shift, before, after, stain_varied)


def _describe(model: onnx.ModelProto, card: ModelCard, digest: str, images: int, shift: float) -> None:
    done = {
        "source": digest,
        "images": images,
        "shift": round(shift, 4),
        "method": METHOD,
        "date": date.today().isoformat(),
    }
    set_card(model, replace(card, adapted=done))


def _check_output(output: Path) -> None:
    if output.is_dir():
        raise ModelFileError(f"{output}: is a folder", "Name a file, such as adapted.onnx.")
    if output.suffix != ".onnx":
        raise ModelFileError(f"{output}: a model file ends in .onnx", f"Write to {output.with_suffix('.onnx')}.")
