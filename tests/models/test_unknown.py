import torch

from hemascope.models.unknown import UnknownScore


def test_a_half_is_the_threshold_and_far_pictures_stay_apart():
    torch.manual_seed(0)
    score = UnknownScore(4, 2, 3).eval()
    with torch.no_grad():
        features = torch.randn(50, 4)
        total = score.total(features)
        score.threshold.copy_(total.median())
        found = score(features)
        assert ((found > 0.5) == (total > score.threshold)).all()
        assert (found[total.argsort()].diff() > 0).all()
        far = score(torch.randn(50, 4) * 10)
    assert ((far > 0) & (far < 1)).all()
    assert len(far.unique()) == 50


def test_the_distances_are_those_of_their_definitions():
    score = UnknownScore(2, 2, 2)
    with torch.no_grad():
        score.project.weight.copy_(torch.eye(2))
        score.project.bias.zero_()
        score.mean.copy_(torch.tensor([[2.0, 0.0], [-2.0, 0.0]]))
        score.variance.copy_(torch.tensor([5.0, 1.0]))
        score.plain.weight.copy_(2 * torch.eye(2))
        score.plain_mean.copy_(2 * score.mean)
        found = score.parts(torch.tensor([[2.0, 0.0], [0.0, 0.0], [-5.0, 1.0]]))
    torch.testing.assert_close(found[:, 1], 2 * torch.tensor([0, 2, 10**0.5]))
    torch.testing.assert_close(found[:, 0], torch.tensor([0 - 4 / 5, 4 - 0, (9 + 1) - (25 / 5 + 1)]))
