import pytest
import torch

from hemascope.errors import RecipeError
from hemascope.models.network import create_network
from hemascope.train.device import LARGEST_BATCH, resolve_batch_size, use_bfloat16
from hemascope.train.recipe import Recipe

CPU = torch.device("cpu")


def test_auto_batch_is_a_power_of_two_that_leaves_steps_and_moves_no_statistics() -> None:
    network = create_network("tf_efficientnet_lite0", classes=2, input_size=32, pretrained=False)
    before = network.backbone.bn1.running_mean.clone()
    recipe = Recipe(batch_size="auto", input_size=32)
    assert resolve_batch_size(recipe, network, CPU, 100_000) == LARGEST_BATCH
    assert resolve_batch_size(recipe, network, CPU, 600) == 64
    assert torch.equal(network.backbone.bn1.running_mean, before)


def test_a_given_batch_is_kept_up_to_the_number_of_images() -> None:
    network = create_network("tf_efficientnet_lite0", classes=2, input_size=32, pretrained=False)
    assert resolve_batch_size(Recipe(batch_size=48), network, CPU, 1000) == 48
    assert resolve_batch_size(Recipe(batch_size=48), network, CPU, 20) == 20
    with pytest.raises(RecipeError, match="too few"):
        resolve_batch_size(Recipe(), network, CPU, 1)


def test_precision_by_name() -> None:
    assert use_bfloat16("bf16", CPU)
    assert not use_bfloat16("fp32", CPU)
