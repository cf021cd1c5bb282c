"""AdaBoost over features: trees on the pooled features of a network that is not trained."""

import time
from collections.abc import Sequence

import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier

from hemascope.augment.batch import augment
from hemascope.augment.policy import Policy
from hemascope.models.boosted import Trees, TreeVotes, Vote
from hemascope.models.network import Network
from hemascope.progress import SILENT, Progress
from hemascope.train.batches import to_unit_range
from hemascope.train.boosting.ledger import Ledger
from hemascope.train.device import choose_device
from hemascope.train.fit import Part
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run
from hemascope.train.start import first_network

SPLIT_WIDTH = 0.01
"""Width of a split as a share of its feature's standard deviation."""


def as_tensors(trees: Sequence[DecisionTreeClassifier], spread: np.ndarray, classes: int) -> Trees:
    """Splits, ways and leaves of fitted trees.

    Args:
        trees: t of them, fitted to class numbers.
        spread: standard deviation of each feature, float (d,).
        classes: k; a class that a tree never saw gets the share 0.
    """
    parts = [tree.tree_ for tree in trees]
    leaves = max(int(part.n_leaves) for part in parts)
    splits = max(leaves - 1, 1)
    shape = (len(parts), splits)
    result = Trees(
        feature=np.zeros(shape, np.int64),
        threshold=np.zeros(shape, np.float32),
        width=np.ones(shape, np.float32),
        left=np.zeros((*shape, leaves), np.float32),
        right=np.zeros((*shape, leaves), np.float32),
        values=np.zeros((len(parts), leaves, classes), np.float32),
    )
    width = SPLIT_WIDTH * np.maximum(spread, 1e-6)
    for number, (tree, part) in enumerate(zip(trees, parts, strict=True)):
        inner = part.children_left >= 0
        place = np.where(inner, np.cumsum(inner) - 1, np.cumsum(~inner) - 1)  # of a split, or of a leaf, in the tensors
        result.feature[number, : inner.sum()] = part.feature[inner]
        result.threshold[number, : inner.sum()] = part.threshold[inner]
        result.width[number, : inner.sum()] = width[part.feature[inner]]
        _walk(part, place, result.left[number], result.right[number])
        shares = part.value[~inner, 0] / part.value[~inner, 0].sum(1, keepdims=True)
        result.values[number, : len(shares), tree.classes_.astype(np.int64)] = shares.T
    return result


def _walk(part: object, place: np.ndarray, left: np.ndarray, right: np.ndarray) -> None:
    """Fill in the turns on the way to every leaf of one tree."""
    lefts, rights = part.children_left, part.children_right  # type: ignore[attr-defined] # compiled, without types
    open_ways: list[tuple[int, list[int], list[int]]] = [(0, [], [])]
    while open_ways:
        node, turned_left, turned_right = open_ways.pop()
        if lefts[node] < 0:
            left[turned_left, place[node]] = 1
            right[turned_right, place[node]] = 1
            continue
        open_ways.append((lefts[node], [*turned_left, place[node]], turned_right))
        open_ways.append((rights[node], turned_left, [*turned_right, place[node]]))


_BATCH = 64


def fit_features(
    run: Run, recipe: Recipe, classes: int, train: Part, val: Part, *, progress: Progress = SILENT
) -> Network:
    """Grow scikit-learn's decision trees and make them the network's head.

    Every split looks at a random choice of the features, as many as the root of their number: it is many times as fast
    as looking at all and makes the trees differ. Linear learners are not offered: on these features one alone is
    strong already, and boosting makes it worse.

    Args:
        run, recipe, classes, train, val, progress: as of `hemascope.train.fit.fit`.

    Raises:
        RunError: the first tree is no better than chance.
    """
    boosting = recipe.boosting
    assert boosting is not None
    network = first_network(recipe, classes, run.manifest)
    progress.step("computing features", boosting.views + 1)
    views = []
    for view in range(boosting.views):
        views.append(features_of(network, train.images, recipe.augment, recipe.seed + view))
        progress.done(len(views))
    seen, targets = np.concatenate(views), np.tile(train.targets, boosting.views)
    unseen = features_of(network, val.images)
    spread = seen.std(0)
    ledger = Ledger(boosting, targets, val.targets)
    trees: list[DecisionTreeClassifier] = []
    progress.step("growing trees", boosting.rounds)
    while len(trees) < boosting.rounds and not ledger.log.stopped:
        begun = time.monotonic()
        tree = DecisionTreeClassifier(
            max_depth=boosting.depth, max_features="sqrt", random_state=recipe.seed + len(trees)
        ).fit(seen, targets, sample_weight=ledger.weights)
        seconds = time.monotonic() - begun
        if ledger.add(tree.predict(seen), _said(tree, unseen, spread, classes), seconds):
            trees.append(tree)
        progress.done(len(trees))
    ledger.tell_round(progress)
    ledger.tell_end(progress)
    ledger.log.write(run.folder)
    network.head = TreeVotes(as_tensors(trees, spread, classes), Vote(ledger.alphas, boosting.voting))
    return network.to("cpu").eval()


def _said(tree: DecisionTreeClassifier, features: np.ndarray, spread: np.ndarray, classes: int) -> np.ndarray:
    """A tree's probabilities, float (n, k), as the model will give them."""
    head = TreeVotes(as_tensors([tree], spread, classes), Vote([1.0]))
    with torch.inference_mode():
        return torch.softmax(head.learners(torch.from_numpy(features)), dim=2)[:, 0].numpy()


def features_of(network: Network, images: np.ndarray, policy: Policy | None = None, seed: int = 0) -> np.ndarray:
    """Pooled features, float32 (n, d), of images uint8 (n, size, size, 3), each changed by a policy if one is given."""
    device = choose_device()
    network.to(device).eval()
    generator = torch.Generator(device).manual_seed(seed)
    found = []
    with torch.inference_mode():
        for start in range(0, len(images), _BATCH):
            batch = to_unit_range(torch.from_numpy(images[start : start + _BATCH]).to(device).permute(0, 3, 1, 2))
            shown = batch if policy is None else augment(batch, policy, generator)
            found.append(network.features(shown).float().cpu().numpy())
    return np.concatenate(found)
