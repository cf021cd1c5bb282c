"""The detector's network."""

import timm
import torch

from hemascope.models.pretrained import load_packaged
from hemascope.train.detector.network import BACKBONE, REACH, STRIDE, CellNetwork


def test_its_backbone_gives_what_timm_gives_where_sides_are_even() -> None:
    whole = timm.create_model(BACKBONE, num_classes=0).eval()
    load_packaged(BACKBONE, whole)
    network = CellNetwork().eval()
    images = torch.rand(1, 3, 96, 64)
    shown = (images - network.mean) / network.std
    with torch.no_grad():
        ours, theirs = network.stem(shown), whole.bn1(whole.conv_stem(shown))
        for number, stage in enumerate(network.stages):
            ours, theirs = stage(ours), whole.blocks[number](theirs)
    torch.testing.assert_close(ours, theirs)


def test_what_lies_farther_than_its_reach_changes_nothing() -> None:
    torch.manual_seed(0)
    network = CellNetwork(pretrained=False).eval()
    side = 2 * REACH + 2 * STRIDE
    images = torch.rand(1, 3, 64, side)
    other = images.clone()
    other[..., -STRIDE:] = 0
    with torch.no_grad():
        before, after = network(images), network(other)
    calm = (side - STRIDE - REACH) // 4
    torch.testing.assert_close(before.heat[..., :calm], after.heat[..., :calm], rtol=0, atol=0)
    assert not torch.equal(before.heat, after.heat)
