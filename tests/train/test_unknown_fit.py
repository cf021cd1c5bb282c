import numpy as np
import pytest
import torch

from hemascope.train.unknown import fit_head, fit_space


@pytest.fixture(scope="module")
def cells():
    """Three classes in 20 dimensions of unequal scale: features (900, 20) and targets."""
    rng = np.random.default_rng(0)
    targets = np.repeat([0, 1, 2], 300)
    centres = rng.normal(0, 4, (3, 20))
    features = (centres[targets] + rng.normal(0, 1, (900, 20))) * np.geomspace(0.01, 100, 20) + 7
    return features.astype(np.float32), targets


def test_in_the_space_classes_have_unit_covariance_and_all_cells_a_diagonal_one(cells):
    features, targets = cells
    score = fit_space(features, targets, dimensions=10)
    with torch.no_grad():
        z = score.project(torch.from_numpy(features)).numpy()
    np.testing.assert_allclose(z.mean(0), 0, atol=1e-2)
    total = z.T @ z / len(z)
    spread = np.sqrt(score.variance.numpy())
    np.testing.assert_allclose(total / np.outer(spread, spread), np.diag(np.diag(total) / spread**2), atol=0.05)
    assert (np.diag(total) / spread**2 <= 1.01).all()  # shrinkage can only add
    rest = z - score.mean.numpy()[targets]
    np.testing.assert_allclose(np.diag(rest.T @ rest / len(z)), 1, atol=0.1)
    for number in range(3):
        np.testing.assert_allclose(z[targets == number].mean(0), score.mean[number].numpy(), atol=1e-2)


def test_the_plain_distance_is_by_the_covariance_of_plain_cells(cells):
    features, targets = cells
    plain = np.arange(len(features)) % 2 == 0
    changed = np.where(plain[:, None], features, features + 3 * features.std(0))
    score = fit_space(changed, targets, plain)
    with torch.no_grad():
        distance = score.parts(torch.from_numpy(changed))[:, 1].numpy()
    assert (distance[plain] ** 2).mean() == pytest.approx(20, rel=0.15)  # chi-square of 20 dimensions
    assert np.quantile(distance[plain], 0.99) < np.median(distance[~plain])


def test_another_class_is_farther_than_the_known_ones(cells):
    features, targets = cells
    known = targets != 2
    score = fit_space(features[known], targets[known])
    with torch.no_grad():
        distance = score.parts(torch.from_numpy(features))[:, 0].numpy()
    assert np.quantile(distance[known], 0.99) < np.quantile(distance[~known], 0.01)


def test_the_head_learns_what_is_foreign_and_the_same_each_time(cells):
    features, targets = cells
    foreign = features[:200] + 5 * features.std(0) * np.sign(np.random.default_rng(1).normal(size=20)).astype(
        np.float32
    )
    answers = []
    for _ in range(2):
        score = fit_space(features, targets)
        fit_head(score, features[100:], foreign[100:])
        with torch.no_grad():
            answers.append(
                [score.parts(torch.from_numpy(part))[:, 2].numpy() for part in (features[:100], foreign[:100])]
            )
    assert (answers[0][0] < 0).mean() > 0.95
    assert (answers[0][1] > 0).mean() > 0.95
    np.testing.assert_array_equal(answers[0][1], answers[1][1])


def test_few_images_of_one_class_each_are_enough():
    features = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    score = fit_space(features, np.array([0, 1, 2]))
    with torch.no_grad():
        assert torch.isfinite(score(torch.from_numpy(features))).all()
