"""A classifier's answers explained, its mistakes first: `hemascope.explain`."""

from pathlib import Path

from hemascope.data.dataset import source_name
from hemascope.data.remote.mirror import into_folder
from hemascope.data.sources import open_source
from hemascope.errors import HemascopeError
from hemascope.explain.cases import Which, choose, classify, explain_cases
from hemascope.explain.changed import choose_changes
from hemascope.explain.explainer import open_explainer
from hemascope.explain.focus import measure_focus
from hemascope.explain.study import Study
from hemascope.files import check_folder
from hemascope.predict.shipped import DEFAULT
from hemascope.progress import SILENT, Progress
from hemascope.seeds import check_seed


@into_folder()
def explain(
    source: str | Path,
    model: str | Path = DEFAULT,
    *,
    output: str | Path | None = None,
    images: int = 24,
    all: bool = False,
    correct: bool = False,
    split: str = "",
    policy: str = "",
    layer: str | None = None,
    smears: int = 64,
    seed: int = 0,
    device: str | None = None,
    progress: Progress = SILENT,
) -> Study:
    """Explain a classifier's mistakes: what speaks for the class that it says, and for the true one.

    A Run is explained by Grad-CAM, ensembles too; a model file by occlusion, which takes 65 runs an image. Of
    unlabelled images every class's surest are explained. Beside each picture there is an augmented one with its own
    answer. The share of the heat that lies on the cell is measured on synthetic smears, before and after a change of
    colours.

    Args:
        source: images: any source, or a folder of pictures without labels.
        model: a Run folder, a model file, or the name of a shipped model.
        output: folder for explain.html, explain.json and sheet.png.
        images: explain at most so many.
        all: mistakes first, then right answers.
        correct: right answers only.
        split: only this split of the source: train, val or test.
        policy: of the augmented pictures: a policy or a recipe; the Run's own where not given.
        layer: of a Run: read this layer, not the last maps.
        smears: so many synthetic smears, for the share of heat on the cell; 0 leaves it out.
        seed: of the augmentation and of the smears.
        device: of a Run's network, as of `hemascope.train`; of a model file, as of `hemascope.load`.
        progress: told how far it is.

    Raises:
        HemascopeError: options that exclude each other, or no such policy.
        SourceError: no such source, or no image of it can be read.
        RunError: a Run whose training is not finished.
        DeviceError: the device is not there, or fails.
        ModelFileError: no such model, or no such layer.

    >>> study = explain("synthetic:16", images=2, smears=0)
    >>> study.images, study.wrong >= len(study.cases)
    (16, True)
    """
    if all and correct:
        raise HemascopeError("--all and --correct exclude each other", "--all shows the right answers too.")
    check_seed(seed)
    folder = None if output is None else Path(output)
    if folder:
        check_folder(folder)
    which: Which = "all" if all else "correct" if correct else "wrong"
    changes = choose_changes(policy, model, seed)
    manifest = open_source(source, unlabelled=True, progress=progress).in_split(split)
    explainer = open_explainer(model, layer, device)

    classified = classify(explainer, manifest, progress=progress)
    chosen = choose(classified, which, images)
    cases = explain_cases(explainer, classified, chosen, changes.augment, progress=progress)
    focus = None
    if smears:
        focus = measure_focus(explainer, smears, seed=seed, recolour=changes.recolour, progress=progress)

    study = Study(
        name=explainer.name,
        network=explainer.network,
        classes=explainer.classes,
        method=explainer.method,
        side=explainer.side,
        source=source_name(source),
        images=len(classified.rows),
        unread=classified.unread,
        labelled=int((classified.targets >= 0).sum()),
        wrong=int(classified.wrong.sum()),
        which=which,
        policy=changes.policy,
        cases=cases,
        focus=focus,
    )
    if folder:
        from hemascope.report.explain import write_explain_page  # brings what pages are made with

        study.write(folder)
        write_explain_page(folder, study)
    return study
