"""Show where a classifier looks: heat maps of its mistakes."""

from pathlib import Path
from typing import Annotated

import typer

from hemascope.data.kinds import ANY


def explain(
    model: Annotated[
        str,
        typer.Argument(help="A Run folder, a model file, or the name of a shipped model.", show_default=False),
    ],
    source: Annotated[str, typer.Argument(help=ANY, show_default=False)],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder for explain.html and sheet.png.", show_default=False),
    ],
    images: Annotated[int, typer.Option("--images", "-n", min=1, help="Explain at most so many.")] = 24,
    all_: Annotated[bool, typer.Option("--all", help="Mistakes first, then right answers.")] = False,
    correct: Annotated[bool, typer.Option("--correct", help="Right answers only.")] = False,
    split: Annotated[str, typer.Option(help="Only this split of the source: train, val or test.")] = "",
    policy: Annotated[
        str,
        typer.Option("--policy", "-p", help="Of the augmented pictures: a policy or a recipe; default: the Run's own."),
    ] = "",
    layer: Annotated[
        str | None, typer.Option(help="Of a Run: read this layer, not the last maps.", show_default=False)
    ] = None,
    smears: Annotated[
        int, typer.Option(min=0, help="Synthetic smears for the share of heat on the cell; 0: leave it out.")
    ] = 64,
    seed: Annotated[int, typer.Option(min=0, help="Of the augmentation and the smears.")] = 0,
) -> None:
    """Explain a classifier's mistakes: what speaks for the class that it says, and for the true one.

    A Run is explained by Grad-CAM, ensembles too; a model file by occlusion, which takes 65 runs an image. Of
    unlabelled images every class's surest are shown. Beside each picture stands an augmented one with its own answer.
    The share of the heat that lies on the cell is measured on synthetic smears, before and after a change of colours.

    Example: hemascope explain runs/mine cells/ -o explained
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from hemascope.cli._explain_show import changes, check_output, choose_policy
    from hemascope.data.sources import open_source
    from hemascope.errors import HemascopeError
    from hemascope.explain.cases import Which, choose, explain_cases, judge
    from hemascope.explain.explainer import open_explainer
    from hemascope.explain.focus import measure_focus
    from hemascope.explain.study import Study
    from hemascope.report.explain import focus_words, study_words, write_explain_page

    if all_ and correct:
        raise HemascopeError("--all and --correct exclude each other", "--all shows the right answers too.")
    check_output(output)
    which: Which = "all" if all_ else "correct" if correct else "wrong"
    chosen = choose_policy(policy, model)
    manifest = open_source(source, unlabelled=True).in_split(split)
    explainer = open_explainer(model, layer)
    console = Console(highlight=False, soft_wrap=True)
    bar = (TextColumn("classifying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*bar, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(manifest))
        judged = judge(explainer, manifest, lambda done: progress.update(task, completed=done))
    change, recolour = changes(chosen, seed)
    with Console(stderr=True).status("looking"):
        cases = explain_cases(explainer, judged, choose(judged, which, images), change)
        focus = measure_focus(explainer, smears, seed=seed, recolour=recolour) if smears else None
    study = Study(
        name=explainer.name,
        network=explainer.network,
        classes=explainer.classes,
        method=explainer.method,
        side=explainer.side,
        source=source,
        images=len(judged.rows),
        unread=judged.unread,
        labelled=int((judged.targets >= 0).sum()),
        wrong=int(judged.wrong.sum()),
        which=which,
        policy=chosen.name if change else "",
        cases=cases,
        focus=focus,
    )
    study.write(output)
    page = write_explain_page(output, study)
    lines = study_words(study)[:3] + (focus_words(study.numbers()["focus"]) if focus else [])
    for line in lines:
        console.print(line, markup=False)
    console.print(f"Report: {page}", markup=False)
