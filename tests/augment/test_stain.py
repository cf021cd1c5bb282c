import math

import torch

from hemascope.augment.stain import EOSIN, HAEMATOXYLIN, stain_directions, stain_map


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
