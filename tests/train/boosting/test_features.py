import numpy as np
import torch
from sklearn.tree import DecisionTreeClassifier

from hemascope.models.boosted import TreeVotes, Vote
from hemascope.train.boosting.features import as_tensors


def test_tensors_say_what_the_trees_say() -> None:
    rng = np.random.default_rng(0)
    targets = rng.choice([0, 2, 3], 300)  # class 1 is never seen
    points = (targets[:, None] * 0.3 + rng.normal(0, 0.5, (300, 5))).astype(np.float32)
    trees = [DecisionTreeClassifier(max_depth=d, random_state=d).fit(points, targets) for d in (1, 3, 7)]
    trees.append(DecisionTreeClassifier().fit(points, np.zeros(300, int)))  # a single leaf
    head = TreeVotes(as_tensors(trees, points.std(0), 4), Vote([1.0] * 4))
    fresh = rng.normal(0.5, 0.7, (500, 5)).astype(np.float32)
    thresholds = np.concatenate([tree.tree_.threshold[tree.tree_.feature >= 0] for tree in trees])
    features = np.concatenate([tree.tree_.feature[tree.tree_.feature >= 0] for tree in trees])
    clear = (np.abs(fresh[:, features] - thresholds) > 0.1 * points.std(0)[features]).all(1)
    assert clear.sum() > 20
    said = torch.softmax(head.learners(torch.from_numpy(fresh[clear])), dim=2).numpy()
    for number, tree in enumerate(trees):
        expected = np.zeros((clear.sum(), 4))
        expected[:, tree.classes_] = tree.predict_proba(fresh[clear])
        np.testing.assert_allclose(said[:, number], expected, atol=1e-3)


def test_near_a_threshold_the_answer_passes_over_evenly() -> None:
    tree = DecisionTreeClassifier(max_depth=1).fit(np.array([[0.0], [1.0]]), [0, 1])
    head = TreeVotes(as_tensors([tree], np.array([1.0]), 2), Vote([1.0]))
    points = torch.tensor([[0.4], [0.499], [0.5], [0.501], [0.6]], requires_grad=True)
    shares = torch.softmax(head.learners(points), dim=2)[:, 0, 1]
    assert (shares.diff() > 0).all()
    np.testing.assert_allclose(shares[[0, 2, 4]].detach(), [0, 0.5, 1], atol=1e-3)
    shares[2].backward()
    assert points.grad is not None
    assert points.grad[2] > 0
