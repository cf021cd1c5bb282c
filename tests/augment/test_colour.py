import math

import pytest
import torch

from hemascope.augment.batch import augment
from hemascope.augment.colour import (
    AFFINE,
    DENSITY,
    EOSIN,
    HAEMATOXYLIN,
    Colours,
    draw_colours,
    recolour,
    stain_directions,
    stain_map,
)
from hemascope.augment.draw import Draw
from hemascope.augment.policy import Policy
from tests.augment.conftest import seeded


class Extreme(Draw):
    """Every symmetric draw is the whole strength, every even one 1."""

    def symmetric(self, strength):
        return strength

    def uniform(self, *columns):
        return torch.ones(len(self), *columns)


def changed(images, **strengths):
    full = {name: torch.full((len(images),), float(value)) for name, value in strengths.items()}
    return recolour(images, draw_colours(full, Extreme(seeded(), len(images)))).clamp(0, 1)


def test_without_maps_the_images_themselves(images):
    assert torch.equal(recolour(images, Colours(None, None)), images)


def test_some_images_maps_are_theirs_in_the_whole_batch(images):
    full = {name: torch.full((8,), 0.2) for name in (*AFFINE, *DENSITY)}
    colours, some = draw_colours(full, Draw(seeded(), 8)), torch.tensor([6, 1])
    torch.testing.assert_close(recolour(images[some], colours.of(some)), recolour(images, colours)[some])


@pytest.mark.parametrize("name", [*AFFINE, *DENSITY])
def test_strength_zero_changes_nothing(images, name):
    torch.testing.assert_close(changed(images, **{name: 0}), images, rtol=0, atol=1e-5)


def test_gains_shifts_and_powers_by_hand(images):
    torch.testing.assert_close(changed(images, channel_gain=0.1), images * 1.1)
    torch.testing.assert_close(changed(images, channel_shift=0.1), images + 0.1)
    torch.testing.assert_close(changed(images, brightness=0.1), images * 1.1)
    torch.testing.assert_close(changed(images, gamma=1), images**2, rtol=1e-4, atol=1e-5)


def test_gamma_is_even_in_its_logarithm():
    grey = torch.full((4000, 3, 1, 1), 0.5)
    power = (augment(grey, Policy(gamma=1), seeded())[:, 0, 0, 0].log() / math.log(0.5)).log2()
    assert power.min() == pytest.approx(-1, abs=0.02)
    assert power.max() == pytest.approx(1, abs=0.02)
    assert power.mean() == pytest.approx(0, abs=0.03)


def test_hue_by_a_third_of_a_turn_moves_colours_and_keeps_greys_and_luma(images):
    luma = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    pale = 0.5 + (images - 0.5) / 4  # so that nothing is clipped
    turned = changed(pale, hue=2 * math.pi / 3)
    assert (turned - pale).abs().max() > 0.02
    torch.testing.assert_close((turned * luma).sum(1), (pale * luma).sum(1), rtol=0, atol=1e-4)
    grey = torch.full((1, 3, 4, 4), 0.4)
    torch.testing.assert_close(changed(grey, hue=1.0), grey)
    torch.testing.assert_close(
        changed(changed(changed(pale, hue=2.0944), hue=2.0944), hue=2.0944), pale, atol=1e-3, rtol=0
    )


def test_white_point_at_full_strength_brings_the_own_white_to_the_lamps():
    images = torch.full((2, 3, 24, 24), 0.3)
    images[:, :, :12] = torch.tensor([0.5, 0.6, 0.8]).view(3, 1, 1)
    shown = changed(images, white_point=1)
    torch.testing.assert_close(shown[:, :, :12], torch.ones(2, 3, 12, 24))
    torch.testing.assert_close(shown[:, 0, 12:], torch.full((2, 12, 24), 0.6))


def test_directions_have_length_one_and_the_third_is_at_right_angles_to_both():
    directions = stain_directions()
    torch.testing.assert_close(directions.norm(dim=0), torch.ones(3))
    torch.testing.assert_close(directions[:, 2] @ directions[:, :2], torch.zeros(2), rtol=0, atol=1e-6)


def test_alpha_one_and_beta_zero_change_nothing():
    matrix, offset = stain_map(torch.ones(2, 3), torch.zeros(2, 3))
    torch.testing.assert_close(matrix, torch.eye(3).expand(2, 3, 3), rtol=0, atol=1e-6)
    assert not offset.any()


def test_twice_the_haematoxylin_squares_its_light_and_leaves_eosins_alone():
    matrix, _ = stain_map(torch.tensor([[2.0, 1.0, 1.0]]), torch.zeros(1, 3))
    for stain, factor in ((HAEMATOXYLIN, 2), (EOSIN, 1)):
        light = -torch.nn.functional.normalize(torch.tensor(stain), dim=0)
        torch.testing.assert_close(matrix[0] @ light, factor * light, rtol=0, atol=1e-5)


def test_beta_is_added_as_density_to_base_ten():
    _, offset = stain_map(torch.ones(1, 3), torch.tensor([[0.0, 0.1, 0.0]]))
    eosin = torch.nn.functional.normalize(torch.tensor(EOSIN), dim=0)
    torch.testing.assert_close(offset[0, :, 0], -0.1 * math.log(10) * eosin)
