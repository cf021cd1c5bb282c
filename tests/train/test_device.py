import pytest
import torch

from hemascope.errors import DeviceError, RecipeError
from hemascope.models.network import create_network
from hemascope.train.device import LARGEST_BATCH, choose_device, on_device, resolve_batch_size, use_bfloat16
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


def test_a_batch_is_divided_among_devices_that_each_get_an_image() -> None:
    network = create_network("test_efficientnet", classes=2, input_size=32, pretrained=False)
    assert resolve_batch_size(Recipe(batch_size=48), network, CPU, 1000, devices=48) == 48
    with pytest.raises(RecipeError, match="a batch of 48 images leaves some of 49 devices none"):
        resolve_batch_size(Recipe(batch_size=48), network, CPU, 1000, devices=49)
    assert resolve_batch_size(Recipe(batch_size="auto", input_size=32), network, CPU, 100, devices=32) == 32


@pytest.fixture
def two_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)


@pytest.mark.usefixtures("two_gpus")
def test_the_device_is_the_one_named_else_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HEMASCOPE_DEVICE", raising=False)
    assert choose_device() == torch.device("cuda")
    with on_device("cuda:1") as device:
        assert device == choose_device() == torch.device("cuda", 1)
        with on_device(None), on_device("cpu"):
            assert choose_device() == CPU
        assert choose_device() == torch.device("cuda", 1)
    monkeypatch.setenv("HEMASCOPE_DEVICE", "cpu")
    assert choose_device() == CPU
    with on_device("auto"):
        assert choose_device() == torch.device("cuda")
    monkeypatch.setenv("HEMASCOPE_DEVICE", "openvino")  # it runs model files, not trainings
    assert choose_device() == torch.device("cuda")


@pytest.mark.usefixtures("two_gpus")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cuda:2", "it has cpu, cuda:0, cuda:1"),
        ("gpu", "Give one of auto, cpu, cuda, mps"),
        ("cpu:1", "is no device"),
        ("cuda:", "is no device"),
    ],
)
def test_a_device_that_is_not_there_is_refused(name: str, said: str) -> None:
    with pytest.raises(DeviceError, match=said), on_device(name):
        pass


def test_without_a_gpu_cuda_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(DeviceError, match="cuda: PyTorch sees no such device here; it has cpu"), on_device("cuda"):
        pass
    with on_device("auto") as device:
        assert device == CPU


def test_precision_by_name() -> None:
    assert use_bfloat16("bf16", CPU)
    assert not use_bfloat16("fp32", CPU)
