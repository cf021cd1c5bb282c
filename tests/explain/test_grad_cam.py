import numpy as np
import pytest
import torch

from hemascope.errors import ModelFileError
from hemascope.explain.grad_cam import grad_cam, map_side
from hemascope.models.boosted import Boosted
from hemascope.models.ensemble import Averaged
from hemascope.models.network import create_network
from tests.explain.networks import GREEN, RED, SIZE, by_hand


def halves():
    """Red on the left, green on the right."""
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    image[:, : SIZE // 2, 0] = image[:, SIZE // 2 :, 1] = 200
    return image


def test_the_heat_is_where_the_class_is_seen():
    heat = grad_cam(by_hand(RED, GREEN), np.stack([halves()] * 2), np.array([0, 1]))
    assert heat.dtype == np.float32
    np.testing.assert_allclose(heat[0], halves()[:, :, 0] / 200.0, atol=1e-6)
    np.testing.assert_allclose(heat[1], halves()[:, :, 1] / 200.0, atol=1e-6)


def test_without_anything_that_speaks_for_the_class_the_map_is_zero():
    black = np.zeros((1, SIZE, SIZE, 3), np.uint8)
    assert not grad_cam(by_hand(RED, GREEN), black, np.array([0])).any()


def test_batches_change_nothing():
    images = np.random.default_rng(0).integers(0, 256, (5, SIZE, SIZE, 3)).astype(np.uint8)
    network, classes = by_hand(RED, GREEN), np.array([0, 1, 1, 0, 1])
    whole = grad_cam(network, images, classes)
    np.testing.assert_allclose(grad_cam(network, images, classes, batch_size=2), whole, atol=1e-6)
    assert grad_cam(network, images[:0], classes[:0]).shape == (0, SIZE, SIZE)


def test_an_average_has_the_mean_of_its_members_by_what_they_give_to_the_answer():
    left, right = by_hand(RED, GREEN), by_hand(GREEN, RED)  # the second calls green what the first calls red
    heat = grad_cam(Averaged([left, right]), halves()[None], np.array([0]))[0]
    np.testing.assert_allclose(heat, 1.0, atol=1e-5)  # both halves speak for class 0, to one member each
    sure, unsure = by_hand(RED, GREEN, sharpness=40.0), by_hand(GREEN, RED, sharpness=0.01)
    bright = halves()
    bright[:, : SIZE // 2] = 255, 0, 0
    heat = grad_cam(Averaged([sure, unsure]), bright[None], np.array([0]))[0]
    assert heat[0, 0] == 1
    assert 0.2 < heat[0, -1] < 0.6  # the unsure member has a third of the answer


def test_boosted_members_count_by_their_weights():
    left, right = by_hand(RED, GREEN), by_hand(GREEN, RED)
    heat = grad_cam(Boosted([left, right], [3.0, 1.0]), halves()[None], np.array([0]))[0]
    assert heat[0, 0] == 1
    assert heat[0, -1] == pytest.approx(1 / 3, abs=1e-4)


def test_members_of_other_sizes_and_ensembles_of_ensembles():
    inner = Averaged([by_hand(RED, GREEN), by_hand(RED, GREEN, size=16)])
    outer = Averaged([inner, by_hand(RED, GREEN)])
    heat = grad_cam(outer, halves()[None], np.array([0]))[0]
    assert heat[:, :14].min() > 0.9
    assert heat[:, 18:].max() < 0.1
    assert map_side(outer) == SIZE


# The layer where the maps end, at a size that leaves the network's last stage enough positions, or too few.
LAYERS = {
    ("vanilla_cnn", 48): "stages.3.1",
    ("micro_cell", 48): "stages.3.5",
    ("vgg16", 48): "features.29",
    ("densenet121", 96): "features",
    ("resnet50", 96): "layer4",
    ("resnet18", 64): "layer3",
    ("inception_v3", 96): "Mixed_6e",
    ("tf_efficientnetv2_b3", 96): "bn2",
    ("convnext_tiny", 96): "norm_pre",
    ("convnext_atto", 48): "stages.2",
    ("tf_efficientnet_lite0", 96): "bn2",
    ("tf_efficientnet_lite2", 64): "blocks.4",
}


@pytest.mark.parametrize(("name", "size"), LAYERS)
def test_every_network_of_the_list(name, size):
    from hemascope.explain.grad_cam import target_layer

    torch.manual_seed(0)  # some random weights let nothing speak for a class
    network = create_network(name, classes=8, input_size=size, pretrained=False)
    assert target_layer(network).name == LAYERS[name, size]
    image = np.random.default_rng(0).integers(0, 256, (1, size, size, 3)).astype(np.uint8)
    heats = [grad_cam(network, image, np.array([number]))[0] for number in range(2)]
    for heat in heats:
        assert heat.shape == (size, size)
        assert heat.min() >= 0
        assert heat.max() in (0, pytest.approx(1))
    assert not np.array_equal(*heats)
    assert not any(parameter.grad is not None for parameter in network.parameters())


def test_what_has_no_maps_is_refused():
    transformer = create_network("test_vit", classes=8, input_size=160, pretrained=False)
    with pytest.raises(ModelFileError, match="gives no maps"):
        grad_cam(transformer, np.zeros((1, 160, 160, 3), np.uint8), np.array([0]))
    with pytest.raises(ModelFileError, match=r"no layer 'stages\.9'.*Some that do: .*stages\.3"):
        grad_cam(
            create_network("vanilla_cnn", classes=8, input_size=32, pretrained=False),
            np.zeros((1, 32, 32, 3), np.uint8),
            np.array([0]),
            layer="stages.9",
        )
