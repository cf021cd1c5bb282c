import pytest
import torch

from hemascope.models.boosted import Boosted, Vote
from hemascope.models.network import Network, create_network


def learners(count: int) -> list[Network]:
    torch.manual_seed(0)
    return [create_network("micro_cell", classes=4, input_size=32, pretrained=False).eval() for _ in range(count)]


def test_the_logits_are_the_weighted_votes() -> None:
    members, alphas = learners(3), [2.0, 1.0, 0.5]
    images = torch.rand(5, 3, 32, 32)
    with torch.no_grad():
        said = [torch.softmax(member(images), 1) for member in members]
        sums = sum(alpha * each for alpha, each in zip(alphas, said, strict=True))
        logits = Boosted(members, alphas).eval()(images)
        torch.testing.assert_close(logits, sums * 4 / 9)
        hard = Boosted(members, alphas, "classes").eval()(images) * 9 / 4
        torch.testing.assert_close(hard.sum(1), torch.full((5,), 3.5))
        agreed = torch.stack([each.argmax(1) for each in said])
        for image in range(5):
            for alpha, klass in zip(alphas, agreed[:, image], strict=True):
                assert hard[image, klass] >= alpha - 1e-5


def test_one_learner_keeps_its_answers() -> None:
    (member,) = learners(1)
    images = torch.rand(6, 3, 32, 32)
    network = Boosted([member], [3.0]).eval()
    assert network.members == (member,)
    assert network.description.features == member.description.features
    torch.testing.assert_close(network.head(network.features(images)), network(images))
    assert (network(images).argmax(1) == member(images).argmax(1)).all()


@pytest.mark.parametrize("voting", ["probabilities", "classes"])
def test_the_votes_of_samme_give_their_own_probabilities(voting) -> None:
    # Zhu et al. 2009: with F_k = sum of alpha (1 or -1 / (K - 1)), p_k is in proportion to exp(F_k / (K - 1)).
    said = torch.tensor([[[9.0, 0.0, 0.0], [0.0, 9.0, 0.0]]]) * 10
    votes = torch.tensor([[2.0 - 1.0 / 2, 1.0 - 2.0 / 2, -3.0 / 2]])
    torch.testing.assert_close(
        torch.softmax(Vote([2.0, 1.0], voting)(said), 1), torch.softmax(votes / 2, 1), atol=1e-6, rtol=0
    )


@pytest.mark.parametrize("voting", ["probabilities", "classes"])
def test_a_gradient_reaches_every_learner(voting) -> None:
    said = torch.rand(2, 3, 4, requires_grad=True)
    Vote([1.0, 2.0, 3.0], voting)(said)[:, 0].sum().backward()
    assert said.grad is not None
    assert (said.grad.abs().sum((0, 2)) > 0).all()
