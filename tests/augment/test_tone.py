import pytest
import torch

from hemascope.augment.draw import Draw
from hemascope.augment.tone import posterise, solarise, vignette
from tests.augment.conftest import seeded

RAMP = torch.linspace(0, 1, 256).view(1, 1, 16, 16).expand(1, 3, 16, 16)
DRAW = Draw(seeded(), 1)


@pytest.mark.parametrize("operation", [vignette, solarise, posterise])
def test_none_changes_nothing(operation):
    torch.testing.assert_close(operation(RAMP, torch.zeros(1), DRAW), RAMP)


@pytest.mark.parametrize(("bits", "levels"), [(1, 128), (4, 16), (6, 4), (7, 2), (7.5, 2)])
def test_posterise_leaves_as_many_levels(bits, levels):
    values = posterise(RAMP, torch.tensor([float(bits)]), DRAW).unique()
    torch.testing.assert_close(values, torch.linspace(0, 1, levels), rtol=0, atol=1e-6)


def test_solarise_inverts_the_bright_part():
    inverted = solarise(RAMP, torch.tensor([0.25]), DRAW)
    bright = RAMP > 0.75
    torch.testing.assert_close(inverted[bright], 1 - RAMP[bright])
    assert torch.equal(inverted[~bright], RAMP[~bright])


def test_vignette_darkens_away_from_its_centre_by_the_stated_share():
    dark = vignette(torch.ones(500, 3, 9, 9), torch.full((500,), 0.4), Draw(seeded(), 500))
    corners = dark[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (1 - corners.mean()).item() == pytest.approx(0.4, rel=0.15)
    assert (corners.amin(dim=1) < dark[:, 0, 4, 4]).all()
