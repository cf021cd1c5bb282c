"""The training of a detector of cells in whole fields, from annotated fields to its report."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from hemascope.cells import KINDS
from hemascope.data.annotations import Annotations, LabelledField, open_annotations
from hemascope.data.annotations.division import divided, grouped
from hemascope.data.annotations.fields import without_copies
from hemascope.data.remote.delivery import here
from hemascope.data.remote.path import located
from hemascope.data.remote.url import named
from hemascope.errors import RunError, SourceError
from hemascope.evaluate.detected import columns, detect, write_card
from hemascope.evaluate.detection import score_detections
from hemascope.export.detector import write_detector
from hemascope.fields.card import DetectorCard
from hemascope.files import atomic
from hemascope.formats import write_versioned
from hemascope.pipeline.train import about
from hemascope.progress import SILENT, Progress
from hemascope.report.detector import write_detector_report
from hemascope.train.detector.fit import fit_network
from hemascope.train.detector.network import REACH, STRIDE
from hemascope.train.detector.recipe import DetectorRecipe
from hemascope.train.detector.run import DetectorRun
from hemascope.train.recipe_files import TRAIN_DETECTOR, load_as

METRICS_VERSION = 1
_THRESHOLD = 0.3  # of kinds for which none could be chosen, and of the looks that tell a field's scale
_FRAMING = 2.8  # side of the classifier's crop in widths of a red cell: PBC's 208 pixels, where those are 74
_LIMITS = (
    "Research use only, no medical device. Measured on fields of the laboratories that it was trained on; check it on "
    "some fields of your own before you rely on its counts."
)


def train_detector(
    sources: str | Path | Sequence[str | Path] = (),
    recipe: str | Path | DetectorRecipe = "detector",
    *,
    set: Iterable[str] | Mapping[str, Any] = (),
    kinds: Iterable[str] | Mapping[str, str] = (),
    annotated: Iterable[str] = (),
    group: str | None = None,
    output: str | Path | None = None,
    resume: str | Path | None = None,
    progress: Progress = SILENT,
) -> DetectorRun:
    """Train a detector of the cells in whole fields, on fields whose cells are boxed.

    The Run has the scores on fields kept apart, report.html and detector.onnx, which `count` takes.

    Args:
        sources: annotated fields, here or at a URL: each a CSV, COCO's JSON, a folder of Pascal VOC or YOLO,
            or a folder that holds one.
        recipe: how to train: a shipped recipe's name, a YAML file or a DetectorRecipe.
        set: changes of the recipe: ``["epochs=10"]`` or ``{"epochs": 10}``.
        kinds: of labels that are not known: ``["blast=white"]`` or ``{"blast": "white"}``; ``none`` passes them over.
        annotated: kinds that are boxed in the sources, where their boxes do not show that: ``["white,red"]`` for all,
            ``["chula=white"]`` for the source of that name.
        group: a regular expression that is searched in the fields' names: those in which it finds the same, such as
            the fields of a slide, stay together.
        output: folder of the Run; runs/RECIPE-TIME where not given.
        resume: go on with this Run, where it was stopped; nothing else is given then.
        progress: what it reports to.

    Raises:
        HemascopeError: a source, recipe or folder that cannot be used; nothing is written then.
    """
    given = [named(str(one)) for one in ([sources] if isinstance(sources, str | Path) else sources)]
    if bool(given) == (resume is not None):
        raise RunError(
            "train-detector wants either SOURCES of annotated fields or --resume RUN",
            "hemascope train-detector --help shows examples of both.",
        )
    if resume is not None:
        if recipe != "detector" or list(set) or list(kinds) or list(annotated) or group or output:
            raise RunError("--resume goes on as the Run began: no other option goes with it", "Leave them out.")
        run = DetectorRun.open(Path(resume))
        return _go_on(run, run.recipe(), run.fields(), progress)
    chosen = load_as(DetectorRecipe, recipe, set, TRAIN_DETECTOR)
    folder = Path("runs") / f"{chosen.name}-{time.strftime('%Y%m%d-%H%M%S')}" if output is None else here(output)
    run = DetectorRun(folder)
    run.check_free()
    fields = _opened(given, kinds, list(annotated), group, progress)
    return _go_on(DetectorRun.create(folder, chosen, fields, about(", ".join(given))), chosen, fields, progress)


def _opened(
    sources: Sequence[str],
    kinds: Iterable[str] | Mapping[str, str],
    annotated: Sequence[str],
    group: str | None,
    progress: Progress,
) -> list[LabelledField]:
    """The fields of all sources, with their splits.

    Raises:
        SourceError: a source that cannot be read, or none to train on or to score by.
    """
    given = kinds if isinstance(kinds, Mapping) else list(kinds)
    of_all, of_source = _annotated(annotated)
    found: list[Annotations] = []
    for source in sources:
        only = next((of_source[key] for key in _names(source) if key in of_source), of_all)
        one = open_annotations(source, kinds=given, annotated=only, progress=progress)
        found.append(divided(grouped(one, group, progress)))
    strange = of_source.keys() - {key for source in sources for key in _names(source)}
    if strange:
        raise SourceError(
            f"--annotated {min(strange)}=...: no source is called so",
            f"They are called {', '.join(_names(source)[1] for source in sources)}.",
        )
    fields, copies = without_copies([field for one in found for field in one.fields])
    if copies:
        progress.say(
            f"left out because they are copies of fields of another source: {len(copies):,}, first {copies[0][0]}, "
            f"a copy of {copies[0][1]}"
        )
    for split, what in (("train", "to train on"), ("val", "to score by")):
        if not any(field.split == split for field in fields):
            raise SourceError(
                f"{', '.join(one.name for one in found)}: no field is left {what}",
                "Give more fields or slides: of two and more a fifth is kept apart. Or name splits: train and val.",
            )
    counts = {split: sum(field.split == split for field in fields) for split in ("train", "val", "test")}
    progress.say("fields: " + ", ".join(f"{count:,} {split}" for split, count in counts.items() if count))
    return fields


def _names(source: str) -> tuple[str, str, str]:
    """What ``--annotated`` may call a source: as it is given, by its last part, and that without its suffix."""
    path = located(source).resolve()
    return source.rstrip("/"), path.name, path.stem


def _annotated(texts: Sequence[str]) -> tuple[list[str] | None, dict[str, list[str]]]:
    """What ``--annotated`` says of all sources, None where nothing, and of single ones."""
    of_all, of_source = None, {}
    for text in texts:
        name, _, kinds = text.rpartition("=")
        listed = [kind.strip() for kind in kinds.split(",") if kind.strip()]
        if name:
            of_source[name.rstrip("/")] = listed
        else:
            of_all = listed
    return of_all, of_source


def _go_on(
    run: DetectorRun, recipe: DetectorRecipe, fields: Sequence[LabelledField], progress: Progress
) -> DetectorRun:
    """Train what is not trained yet, and write all that a Run holds; an interruption says how to go on."""
    train = [field for field in fields if field.split == "train"]
    scored = [field for field in fields if field.split == "val"]
    try:
        network = fit_network(recipe, train, run.last_checkpoint.parent, run.add_epoch, progress)
        card = _card(recipe, fields)
        with atomic(run.model_file) as temporary:
            write_detector(network, card.to_json(), temporary)
        found = detect(run.model_file, scored, progress)
    except KeyboardInterrupt:
        progress.say(f"Stopped. Go on with: hemascope train-detector --resume {run.folder}")
        raise
    measured, marks = score_detections(scored, found)
    with atomic(run.predictions_file) as temporary:
        pd.DataFrame(columns(scored, found)).to_parquet(temporary, index=False)
    write_card(run.model_file, _scored(card, measured), run.model_file)
    write_versioned(run.metrics_file, measured, METRICS_VERSION)
    progress.step("writing the report")
    write_detector_report(run, measured, scored, found, marks)
    return run


def _card(recipe: DetectorRecipe, fields: Sequence[LabelledField]) -> DetectorCard:
    """The card of a detector that was not measured yet."""
    trained = [field for field in fields if field.split == "train"]
    sources = sorted({field.source for field in trained})
    return DetectorCard(
        name=recipe.name,
        kinds=KINDS,
        red_width=recipe.red_width,
        scales=recipe.red_widths,
        thresholds=dict.fromkeys(KINDS, _THRESHOLD),
        framing=_FRAMING,
        stride=STRIDE,
        reach=REACH,
        data=f"{len(trained):,} fields of {', '.join(sources)}",
        limits=_LIMITS,
    )


def _scored(card: DetectorCard, measured: dict[str, Any]) -> DetectorCard:
    """The card with the thresholds and the scores of a measurement."""
    kinds = {kind: scores for kind, scores in measured["kinds"].items() if scores and scores["ap50"] is not None}
    scores = {
        kind: {
            "ap50": round(one["ap50"], 4),
            **{
                name: round(one[name]["value"], 4) for name in ("recall", "precision") if one[name]["value"] is not None
            },
            "fields": one["fields"],
            "boxes": one["boxes"],
        }
        for kind, one in kinds.items()
    }
    thresholds = card.thresholds | {kind: one["threshold"] for kind, one in kinds.items()}
    return replace(card, thresholds=thresholds, scores=scores)
