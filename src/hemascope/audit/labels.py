"""Labels that disagree with the images: cleanlab on out-of-fold probabilities from features of the images."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp, softmax
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedKFold

from hemascope.audit.features import Features, embed, look
from hemascope.audit.findings import Finding
from hemascope.predict.classifier import load
from hemascope.progress import SILENT, Progress

if TYPE_CHECKING:
    from hemascope.audit.spread import Spread

CLASSIFIER = "tiny"
"""The shipped model that lends its eyes; on PBC and two other laboratories it doubts as well as the larger one."""

_FOLDS = 5
_FEWEST = 10  # different images of a class from which something can be learnt about it
_DOUBTFUL = 0.2  # a label that is likelier than this is left in peace: this costs a hundredth of the wrong ones
_SUREST = 0.99  # no percentage above it is shown, nor below its counterpart: some hundred images bear out no more


class Eyes(NamedTuple):
    """What the labels are checked by.

    Attributes:
        embedding: float32 (n, d), as of `hemascope.audit.features.embed`.
        words: whose features these are, in a sentence.
    """

    embedding: np.ndarray
    words: str


def eyes_for(
    features: Features,
    embedding: np.ndarray,
    rows: np.ndarray,
    progress: Progress = SILENT,
    spread: Spread | None = None,
) -> Eyes:
    """The features to check labels by: the shipped classifier's where it knows the classes, else the audit's own.

    The audit's own network was made to tell cells from junk, and doubts ten times as many right labels of blood cells.

    Args:
        features: of the images.
        embedding: the audit's own features of them, embedded.
        rows: positions of the labelled images that show a cell.
        progress: told of the images that the classifier has seen.
        spread: over which machines the images are looked at; without, here.
    """
    classifier = load(CLASSIFIER)
    labels = features.manifest.table["label"].iloc[rows].unique()
    strange = [name for name in features.manifest.classes if name in labels and name not in classifier.classes]
    if strange:
        named = f"{strange[0]}{' and others' * (len(strange) > 1)}"
        return Eyes(
            embedding,
            f"Labels were checked by the audit's own features, since the shipped classifier does not know {named}: "
            "expect some doubts about labels that are right.",
        )
    if spread is None:
        _, vectors = look(classifier, features.images, rows, "looking at the cells again", progress)
    else:
        vectors = spread.look(CLASSIFIER, features.images, rows)
    words = f"Labels were checked by the features of the shipped classifier {CLASSIFIER}, which knows these classes."
    return Eyes(embed(vectors, rows), words)


def check_labels(
    embedding: np.ndarray, targets: np.ndarray, classes: tuple[str, ...], groups: np.ndarray, usable: np.ndarray
) -> tuple[np.ndarray, list[Finding]]:
    """Rank labels by how well the images bear them out.

    A linear discriminant analysis gives each image probabilities, from folds that hold neither it nor a copy of it.
    cleanlab ranks the labels by the probability of the given one and picks those that are likely wrong (confident
    learning: Northcutt et al. 2021, "Confident Learning: Estimating Uncertainty in Dataset Labels"). Of these, labels
    that are not unlikely by themselves are left out.

    Args:
        embedding: float32 (n, d), as of `hemascope.audit.features.embed`.
        targets: class numbers, int64 (n,); -1 where unlabelled.
        classes: the names.
        groups: int64 (n,), images of one group are copies; -1: a group of its own.
        usable: bool (n,), images that show a cell; the others have score 0.

    Returns:
        Scores, float64 (n,) in [0, 1]: one minus the probability of the given label; and the findings. Without two
        classes of ten different images there are none.
    """
    scores = np.zeros(len(targets))
    # One image of a group of copies teaches and is drawn into a fold; the others follow it.
    own = np.where(groups < 0, np.arange(len(groups)) + groups.max(initial=0) + 1, groups)
    labelled = np.flatnonzero(usable & (targets >= 0))
    teachers = labelled[np.unique(own[labelled], return_index=True)[1]]
    names, counts = np.unique(targets[teachers], return_counts=True)
    learnable = names[counts >= _FEWEST]
    if len(learnable) < 2:
        return scores, []
    teachers = teachers[np.isin(targets[teachers], learnable)]
    rows = labelled[np.isin(targets[labelled], learnable) & np.isin(own[labelled], own[teachers])]

    probabilities = np.zeros((len(rows), len(learnable)))
    for learn, score in StratifiedKFold(_FOLDS, shuffle=True, random_state=0).split(teachers, targets[teachers]):
        model = LinearDiscriminantAnalysis().fit(embedding[teachers[learn]], targets[teachers[learn]])
        places = np.flatnonzero(np.isin(own[rows], own[teachers[score]]))
        probabilities[places] = model.predict_proba(embedding[rows[places]])

    given = np.searchsorted(learnable, targets[rows])
    probabilities = _tempered(probabilities, given)
    quality = get_label_quality_scores(given, probabilities, method="self_confidence")
    scores[rows] = 1 - quality
    likely = probabilities.argmax(axis=1)
    wrong = find_label_issues(given, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    findings = []
    for place in wrong[(likely[wrong] != given[wrong]) & (quality[wrong] < _DOUBTFUL)].tolist():
        label, other = (classes[learnable[numbers[place]]] for numbers in (given, likely))
        said, seen = probabilities[place, given[place]], probabilities[place, likely[place]]
        words = f"labelled {label} ({_percent(said)} likely), looks like {other} ({_percent(seen)})"
        reason = words.replace("_", " ")  # so that a line may end between the words of a class's name
        findings.append(Finding(int(rows[place]), "label", float(1 - quality[place]), reason, label=other))
    return scores, findings


def _percent(share: float) -> str:
    """A probability in words that claim no certainty.

    >>> _percent(0.034), _percent(0.9996), _percent(0.0)
    ('3%', '>99%', '<1%')
    """
    if share > _SUREST:
        return f">{_SUREST:.0%}"
    return f"<{1 - _SUREST:.0%}" if share < 1 - _SUREST else f"{share:.0%}"


def _tempered(probabilities: np.ndarray, given: np.ndarray) -> np.ndarray:
    """Probabilities that are as sure as they are right: the discriminant's own are near 0 or 1 (Guo et al. 2017)."""
    logits = np.log(np.maximum(probabilities, 1e-30))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        return float((logsumexp(scaled, axis=1) - scaled[np.arange(len(given)), given]).mean())

    best = minimize_scalar(loss, bounds=(0, 4), method="bounded").x
    return np.asarray(softmax(logits / np.exp(best), axis=1))
