"""The audit of a data set: everything that is wrong with it."""

import time

import numpy as np
import pandas as pd

from hemascope.audit.duplicates.findings import duplicate_findings
from hemascope.audit.duplicates.pair import joined
from hemascope.audit.duplicates.search import near_duplicates
from hemascope.audit.features import draw_map, embed, extract_features
from hemascope.audit.findings import COPIES, KIND_NAMES, Audit, Finding, each_finding, findings_table
from hemascope.audit.junk import check_junk, outlyingness
from hemascope.audit.labels import check_labels, eyes_for
from hemascope.audit.quality import check_quality
from hemascope.audit.spread import Spread
from hemascope.audit.verdicts import notes, recommend
from hemascope.data.groups import identical_groups, merge_groups
from hemascope.data.manifest import Manifest
from hemascope.progress import SILENT, Progress


def audit(source: Manifest, progress: Progress = SILENT, spread: Spread | None = None) -> Audit:
    """Find everything that is wrong with a data set.

    Args:
        source: the images; two sets against each other are joined first (`hemascope.audit.run.join`).
        progress: told of each step.
        spread: over which machines the long steps are; without, all is done here.
    """
    clock = _Clock()
    features = spread.features(source) if spread else extract_features(source, progress)
    manifest, readable = features.manifest, features.readable
    clock.lap("look at the images")

    identical = identical_groups(features.digests)
    pairs = near_duplicates(features.images, readable, progress=progress, spread=spread)
    group = joined(identical, pairs)
    manifest = manifest.with_columns(group=merge_groups(manifest.table["group"].to_numpy(np.int64), group))
    clock.lap("find copies")

    progress.step("judging the images")
    targets = manifest.targets()
    findings = _undecodable(manifest)
    rows = np.flatnonzero(readable)
    embedding = embed(features.vectors, rows)
    scores, found = check_junk(features.shows, outlyingness(embedding, rows))
    findings += found
    cells = readable & (np.maximum(scores["junk"], scores["blank"]) < 0.5)
    # What shows no cell goes in any case: nobody has to decide on its label, its split or its light.
    copies = each_finding(duplicate_findings(manifest, identical, pairs))
    findings += [one for one in copies if cells[one.row] or one.kind not in ("conflict", "leak")]
    quality, found = check_quality(features.properties, targets)
    findings += [one for one in found if cells[one.row] or one.kind == "odd-size"]
    clock.lap("judge the images")

    said = notes(manifest)
    labelled = cells & (targets >= 0)
    scores["label"] = np.zeros(len(manifest))
    if labelled.any():
        eyes = eyes_for(features, embedding, np.flatnonzero(labelled), progress, spread)
        progress.step("checking the labels")
        scores["label"], found = check_labels(eyes.embedding, targets, manifest.classes, group, cells)
        findings += found
        said = (*said, eyes.words)
    clock.lap("check the labels")

    table = recommend(findings_table(findings), manifest)
    progress.step("drawing the map")
    positions = draw_map(embedding, rows, table["row"].unique())
    clock.lap("draw the map")
    scores = scores | quality | _copies(table, len(manifest)) | {"undecodable": (~readable).astype(float)}
    columns = pd.DataFrame({kind: scores[kind] for kind in KIND_NAMES})
    columns.insert(0, "path", manifest.ids)
    return Audit(manifest, table, columns, positions, said, clock.seconds)


def _undecodable(manifest: Manifest) -> list[Finding]:
    errors = manifest.table["error"]
    return [Finding(int(row), "undecodable", 1.0, errors.iloc[row]) for row in np.flatnonzero(errors != "")]


def _copies(table: pd.DataFrame, n: int) -> dict[str, np.ndarray]:
    """The scores of the kinds that speak of copies: those of the findings, 0 elsewhere."""
    scores = {kind: np.zeros(n) for kind in COPIES}
    for kind in COPIES:
        found = table[table["kind"] == kind]
        np.maximum.at(scores[kind], found["row"].to_numpy(np.int64), found["score"].to_numpy())
    return scores


class _Clock:
    """Seconds of each step."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def lap(self, step: str) -> None:
        now = time.perf_counter()
        self.seconds[step] = round(now - self._began, 2)
        self._began = now
