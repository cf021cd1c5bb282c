import pytest
import torch
import torch.nn.functional as F

from hemascope.models.ensemble import Averaged, Shrink
from hemascope.models.network import Network, create_network, run_network
from hemascope.models.unknown import Levels


def member(seed: int, size: int = 32) -> Network:
    torch.manual_seed(seed)
    return create_network("test_efficientnet", classes=3, input_size=size, pretrained=False).eval()


@pytest.fixture(scope="module")
def members() -> list[Network]:
    return [member(0), member(1)]


@pytest.mark.parametrize("temperature", [1.0, 1.7])
def test_probabilities_are_the_mean_of_the_members_calibrated_ones(members: list[Network], temperature: float) -> None:
    images = torch.rand(4, 3, 32, 32)
    both = Averaged(members, temperature).eval()
    with torch.no_grad():
        expected = torch.stack([(each(images) / temperature).softmax(1) for each in members]).mean(0)
        torch.testing.assert_close((both(images) / temperature).softmax(1), expected)
        torch.testing.assert_close(both.head(both.features(images)), both(images))
        torch.testing.assert_close(both.features(images)[:, 256:], members[1].features(images))
    assert both.members == tuple(members)
    assert both.description.features == 512


@pytest.mark.parametrize(("size", "to"), [(48, 32), (200, 96)])
def test_shrinking_is_antialiased_interpolation(size: int, to: int) -> None:
    images = torch.rand(2, 3, size, size)
    expected = F.interpolate(images, to, mode="bilinear", antialias=True)
    torch.testing.assert_close(Shrink(size, to)(images), expected, atol=1e-5, rtol=1e-4)


def test_members_of_other_sizes_see_the_image_at_their_own(members: list[Network]) -> None:
    large = member(2, size=48)
    both = Averaged([members[0], large]).eval()
    images = torch.rand(2, 3, 48, 48)
    with torch.no_grad():
        assert both.shown_to(1, images) is images
        small = members[0].features(Shrink(48, 32)(images))
        torch.testing.assert_close(both.features(images)[:, :256], small)
    assert run_network(both, torch.zeros(3, 48, 48, 3, dtype=torch.uint8).numpy()).shape == (3, 3)


def test_levels_are_the_first_members(members: list[Network]) -> None:
    images = torch.rand(2, 3, 32, 32)
    levels = Levels(Averaged([Averaged(members), members[1]])).eval()
    with torch.no_grad():
        pooled, found = levels(images)
        torch.testing.assert_close(found, Levels(members[0]).eval()(images)[1])
        torch.testing.assert_close(levels.levels(images), found)
    assert pooled.shape == (2, 768)


def test_the_gradient_reaches_every_member(members: list[Network]) -> None:
    images = torch.rand(2, 3, 32, 32, requires_grad=True)
    both = Averaged(members)
    both(images)[:, 0].sum().backward()
    assert all(parameter.grad is not None for parameter in both.parameters())
    both.zero_grad(set_to_none=True)
