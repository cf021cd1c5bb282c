import numpy as np
import torch

from hemascope.augment.policy import Policy
from hemascope.models.freezing import freeze
from hemascope.models.network import create_network
from hemascope.train.batchnorm import recompute_statistics
from hemascope.train.recipe import Balance, Recipe


def test_statistics_become_those_of_the_images_and_settings_stay() -> None:
    torch.manual_seed(0)
    network = create_network("tf_efficientnet_lite0", classes=2, input_size=32, pretrained=False)
    images = np.random.default_rng(0).integers(100, 160, (64, 32, 32, 3), np.uint8)
    first = network.backbone.bn1
    before = first.running_mean.clone()
    recipe = Recipe(input_size=32, batch_size=64, augment=Policy(brightness=0.01))
    recompute_statistics(network, images, recipe, torch.device("cpu"))
    with torch.no_grad():
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
        expected = network.backbone.conv_stem((pixels - network.mean) / network.std).mean(dim=(0, 2, 3))
    assert not torch.allclose(before, expected, atol=0.01)
    torch.testing.assert_close(first.running_mean, expected, atol=5e-3, rtol=0.05)
    assert first.momentum is not None
    assert not network.training


def test_without_augmentation_nothing_changes() -> None:
    network = create_network("tf_efficientnet_lite0", classes=2, input_size=32, pretrained=False)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    recompute_statistics(network, np.zeros((8, 32, 32, 3), np.uint8), Recipe(batch_size=8), torch.device("cpu"))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_after_balanced_draws_the_statistics_are_those_of_the_original_distribution() -> None:
    torch.manual_seed(0)
    network = create_network("tf_efficientnet_lite0", classes=2, input_size=32, pretrained=False)
    # One image in eight is bright: drawn as often as the dark ones, it would lift the mean.
    images = np.full((64, 32, 32, 3), 60, np.uint8)
    images[::8] = 200
    recipe = Recipe(input_size=32, batch_size=64, balance=Balance(name="uniform"))
    recompute_statistics(network, images, recipe, torch.device("cpu"))
    with torch.no_grad():
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
        expected = network.backbone.conv_stem((pixels - network.mean) / network.std).mean(dim=(0, 2, 3))
    torch.testing.assert_close(network.backbone.bn1.running_mean, expected, atol=1e-4, rtol=1e-3)


def test_frozen_layers_keep_their_statistics() -> None:
    network = create_network("micro_cell", classes=2, input_size=32, pretrained=False)
    freeze(network, 1)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    images = np.random.default_rng(0).integers(0, 256, (32, 32, 32, 3), np.uint8)
    recipe = Recipe(input_size=32, batch_size=32, augment=Policy(brightness=0.3))
    recompute_statistics(network, images, recipe, torch.device("cpu"))
    changed = {name for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed
    assert all(name.startswith("backbone.stages.3.") for name in changed)
