"""What a trained network leaves in its Run: predictions, scores, model file and report."""

from datetime import date

import numpy as np

import hemascope
from hemascope.data.framing import FRAMING
from hemascope.data.manifest import Manifest
from hemascope.evaluate.conformal import fit_sets
from hemascope.evaluate.predictions import Predictions
from hemascope.evaluate.summary import card_scores, summarise, write_metrics
from hemascope.export.graph import write_model
from hemascope.export.memory import add_memory
from hemascope.export.parity import compare, require
from hemascope.files import atomic
from hemascope.models.network import Network
from hemascope.models.unknown import UnknownScore
from hemascope.pipeline.parts import evaluated_part, some_images
from hemascope.predict.card import ModelCard
from hemascope.predict.unlike import Look, Unlike, describe, mean_colours
from hemascope.progress import Progress
from hemascope.report.page import write_report
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.tracking import track_end
from hemascope.train.unknown import fit_unknown

LIMITS = (
    "Not a medical device: not for diagnosis. Knows only its classes and gives every picture one of them. "
    "Scores were measured on images of the training data's laboratory; other stains and cameras score lower."
)

_EXAMPLES = 1000  # training pictures from whose corners the score of unknown objects learns bare ground


def finish(
    run: Run,
    recipe: Recipe,
    manifest: Manifest,
    network: Network,
    predictions: Predictions,
    train: Part,
    unseen: np.ndarray,
    progress: Progress,
    colours: np.ndarray | None = None,
) -> Run:
    """Write predictions, metrics, model file and report of a trained network.

    Args:
        run: its folder.
        recipe: how it was trained.
        manifest: with splits.
        network: in evaluation mode, on the CPU.
        predictions: of the images that are scored, calibrated; those of val calibrate the prediction sets.
        train: what the score of unknown objects learns known cells from, the card's part ``look`` colours, and the
            file's memory features.
        unseen: images uint8 (m, size, size, 3) that what this score looks through was not trained on.
        progress: what it reports to.
        colours: of the images that are scored, to say where those of test are unlike the training's.
    """
    predictions.write(run.predictions_file)
    progress.step("measuring the scores")
    look = describe(mean_colours(train.images), train.targets, len(manifest.classes))
    card = ModelCard(recipe.name, manifest.classes, recipe.input_size, data={"name": manifest.name}, look=look)
    metrics = summarise(predictions, unlike=unlike_of_test(card, predictions, colours))
    write_metrics(run.metrics_file, metrics)
    pictures = some_images(manifest, "train", _EXAMPLES)
    known = (train.images, train.targets)
    score, unknown = fit_unknown(network, recipe, known, unseen, pictures, progress=progress)
    val = predictions.of("val")
    about = {
        "unknown": unknown,
        "conformal": fit_sets(val.probabilities, val.targets, recipe.seed),
        "confusion": val.confusion(f"validation cells of {manifest.name}"),
        "look": look,
    }
    progress.step("writing the model file and the report", 3)
    _write_model_file(run, recipe, manifest, network, predictions.temperature, metrics, score, about, train, progress)
    write_report(run.folder)
    track_end(run, recipe.model_dump(mode="json"), metrics, progress)
    progress.done(3)
    return run


def unlike_of_test(card: ModelCard, predictions: Predictions, colours: np.ndarray | None) -> Unlike | None:
    """That the images of test are unlike the training's; None where they are not, or where nothing is known of them.

    Args:
        card: with the training's part ``look``.
        predictions: of the images that are scored.
        colours: theirs, float (n, 3), from `hemascope.predict.unlike.mean_colours`.
    """
    look = Look(card)
    if colours is not None:
        test = (predictions.table["split"] == "test").to_numpy()
        look.add(colours[test], predictions.probabilities[test])
    return look.unlike()


def _write_model_file(
    run: Run,
    recipe: Recipe,
    manifest: Manifest,
    network: Network,
    temperature: float,
    metrics: dict,
    score: UnknownScore,
    about: dict[str, dict],
    train: Part,
    progress: Progress,
) -> None:
    """Write the Run's model file: its card, its graph and the proof that it computes what the network does.

    Args:
        run: its folder.
        recipe: goes on the card.
        manifest: with splits; some of its images are shown to network and file.
        network: in evaluation mode, on the CPU.
        temperature: of its calibration.
        metrics: as `summarise` gives them; the card states some.
        score: of unknown objects.
        about: the card's parts ``unknown``, ``conformal``, ``confusion`` and ``look``.
        train: what it was trained on, for the file's memory of its classes.
        progress: told when the file is written, and when it is proven.

    Raises:
        ModelFileError: the file does not compute what the network does.
    """
    card = ModelCard(
        name=recipe.name,
        classes=manifest.classes,
        input_size=recipe.input_size,
        framing=FRAMING,
        network=network.description.network,
        parameters=sum(p.numel() for p in network.parameters()),
        temperature=temperature,
        data={
            "name": manifest.name,
            "licence": manifest.licence,
            "attribution": manifest.attribution,
            "images": int(manifest.part("train").sum()),
            **({} if recipe.micrometres is None else {"micrometres": recipe.micrometres}),
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
        add_memory(temporary, train.images, train.targets, recipe.seed)
        progress.done(1)
        pictures = some_images(manifest, evaluated_part(manifest))
        require(compare(network, temperature, temporary, pictures), run.model_file)
    progress.done(2)
