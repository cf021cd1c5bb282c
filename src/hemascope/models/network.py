"""A network: normalisation, backbone, head, and the description that travels with it."""

import difflib
from dataclasses import dataclass

import numpy as np
import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from hemascope.errors import RecipeError
from hemascope.models import staged  # noqa: F401 - it registers its networks with timm
from hemascope.models.catalogue import CATALOGUE, find, timm_name
from hemascope.models.pretrained import PACKAGED, PACKAGED_MEAN, PACKAGED_STD, create_from_hub, load_packaged
from hemascope.progress import SILENT, Progress


@dataclass(frozen=True)
class Description:
    """What the outside must know of a network; preprocessing is derived from it and stated nowhere else.

    Attributes:
        network: timm's name of the backbone.
        input_size: side of the square input in pixels.
        mean, std: an RGB pixel p in [0, 1] enters the backbone as (p - mean) / std.
        features: width of the pooled features.
        smallest: side in pixels that smaller images are enlarged to inside the network, because the backbone cannot
            take them.
    """

    network: str
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    features: int
    smallest: int = 1


class Network(nn.Module):
    """RGB images in [0, 1] to logits, with normalisation inside, and enlarging where the backbone needs it.

    >>> network = create_network("tf_efficientnet_lite0", classes=8, input_size=64, pretrained=False)
    >>> network.eval()(torch.rand(2, 3, 64, 64)).shape
    torch.Size([2, 8])
    """

    mean: Tensor
    std: Tensor

    def __init__(self, description: Description, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.description = description
        self.backbone = backbone
        self.head = head
        self.register_buffer("mean", torch.tensor(description.mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(description.std).view(1, 3, 1, 1), persistent=False)

    def blank(self) -> Tensor:
        """A black image that it takes, float (1, 3, size, size)."""
        return torch.zeros(1, 3, self.description.input_size, self.description.input_size)

    def prepared(self, images: Tensor) -> Tensor:
        """What the backbone is shown of images float (n, 3, size, size) in [0, 1]: normalised and large enough."""
        smallest = self.description.smallest
        if images.shape[-1] < smallest:
            images = F.interpolate(images, (smallest, smallest), mode="bilinear")
        return (images - self.mean) / self.std

    def features(self, images: Tensor) -> Tensor:
        """Pooled features: float (n, features) of images float (n, 3, size, size) in [0, 1]."""
        return self.backbone(self.prepared(images))

    def train(self, mode: bool = True) -> "Network":
        """Change the mode; what is frozen stays in evaluation mode, so that BatchNorm's statistics are frozen too."""
        super().train(mode)
        for part in self.backbone.modules() if mode else ():
            if is_frozen(part):
                part.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        """Logits: float (n, classes) of images float (n, 3, size, size) in [0, 1]."""
        return self.head(self.features(images))


def is_frozen(part: nn.Module) -> bool:
    """Whether a part of a network has weights, of which none learns."""
    weights = list(part.parameters())
    return bool(weights) and not any(weight.requires_grad for weight in weights)


def make_head(features: int, classes: int, *, dense: int | None = None, dropout: float = 0.0) -> nn.Sequential:
    """Features (n, features) -> [dense + ReLU] -> [dropout] -> logits (n, classes); the softmax is in the loss.

    Args:
        features: width of the pooled features.
        classes: number of classes.
        dense: units of an extra dense layer; None for none.
        dropout: share of the inputs to the last layer that is zeroed in training, in [0, 1).

    >>> make_head(1280, 8, dense=256, dropout=0.2)[0]
    Linear(in_features=1280, out_features=256, bias=True)
    """
    layers: list[nn.Module] = []
    if dense:
        layers += [nn.Linear(features, dense), nn.ReLU()]
    if dropout:
        layers.append(nn.Dropout(dropout))
    layers.append(nn.Linear(dense or features, classes))
    return nn.Sequential(*layers)


def create_network(
    name: str,
    *,
    classes: int,
    input_size: int,
    pretrained: bool = True,
    dense: int | None = None,
    dropout: float = 0.0,
) -> Network:
    """Make any network of the catalogue, or another of timm, into a classifier of cells.

    Of a VGG network its convolutions are taken, not its two wide layers for ImageNet's classes.

    Args:
        name: of the backbone, as `hemascope.models.catalogue` or timm has it.
        classes: number of classes.
        input_size: side of the square input in pixels.
        pretrained: start from ImageNet weights; a random start happens only when this is False.
        dense, dropout: see `make_head`.

    Raises:
        RecipeError: no network of that name, or it cannot take that input size.
        WeightsError: its pretrained weights cannot be had.
    """
    if not timm.is_model(timm_name(name)):
        near = _near(name)
        raise RecipeError(f"no network is called {name!r}", f"Did you mean {' or '.join(near)}?" if near else "")
    name = timm_name(name)
    _check_tag(name)
    mean, std = _normalisation(name)
    backbone = make_backbone(name, pretrained=pretrained)
    entry = find(name.partition(".")[0])  # what follows the dot names weights
    smallest = entry.smallest if entry else 1
    features = _feature_width(name, backbone, max(input_size, smallest))
    head = make_head(features, classes, dense=dense, dropout=dropout)
    return Network(Description(name, input_size, mean, std, features, smallest), backbone, head)


def _check_tag(name: str) -> None:
    network, dot, tag = name.partition(".")
    valid = timm.list_pretrained(f"{network}.*") if dot else []
    if valid and name not in valid:
        raise RecipeError(f"{network} has no weights called {tag!r}", f"Set network to one of: {', '.join(valid)}.")


def make_backbone(name: str, *, pretrained: bool) -> nn.Module:
    """The network without classifier that timm makes by that name; see `create_network`."""
    if pretrained and name not in PACKAGED:
        backbone = create_from_hub(name)
    else:
        # Random weights of a VGG's wide layers would take seconds to draw; they are dropped below.
        thin = {"mlp_ratio": 1 / 4096} if name in timm.list_models(module="vgg") else {}
        backbone = timm.create_model(name, pretrained=False, num_classes=0, **thin)
        if pretrained:
            load_packaged(name, backbone)
    if isinstance(backbone, timm.models.VGG):
        backbone.pre_logits = nn.Identity()
    return backbone


def backbone_size(name: str) -> int:
    """How many parameters the network of that name has without a classifier; no memory is taken for them.

    >>> backbone_size("resnet50")
    23508032
    """
    with torch.device("meta"):
        backbone = make_backbone(name, pretrained=False)
    return sum(weight.numel() for weight in backbone.parameters())


def _near(name: str) -> list[str]:
    known = {other.casefold(): other for other in (*timm.list_models(), *(entry.title for entry in CATALOGUE))}
    return [known[near] for near in difflib.get_close_matches(name.casefold(), known, n=3, cutoff=0.5)]


def _normalisation(name: str) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    if name in PACKAGED:
        return PACKAGED_MEAN, PACKAGED_STD
    settings = timm.get_pretrained_cfg(name)
    if settings is None:
        return timm.data.IMAGENET_DEFAULT_MEAN, timm.data.IMAGENET_DEFAULT_STD
    return tuple(settings.mean), tuple(settings.std)


def _feature_width(name: str, backbone: nn.Module, input_size: int) -> int:
    # Asked of the network itself: timm's attributes differ from family to family.
    training = backbone.training
    backbone.eval()
    try:
        with torch.no_grad():
            width = backbone(torch.zeros(1, 3, input_size, input_size)).shape[-1]
    except (RuntimeError, AssertionError, ValueError) as problem:
        raise RecipeError(
            f"{name} cannot take images of {input_size}x{input_size} pixels ({str(problem).splitlines()[0]})",
            "Choose a larger input_size or another network.",
        ) from problem
    backbone.train(training)
    return int(width)


def run_network(
    network: Network, images: np.ndarray, *, batch_size: int = 128, progress: Progress = SILENT
) -> np.ndarray:
    """Logits in float32 of images in memory, in evaluation mode on the network's device.

    Args:
        network: the network; left in evaluation mode.
        images: uint8 (n, size, size, 3), already framed to the network's input size.
        batch_size: images at a time.
        progress: what it reports to.

    Returns:
        float32 (n, classes).
    """
    progress.step("scoring images", len(images))
    network.eval()
    device = next(network.parameters()).device
    results = [np.zeros((0, 0), np.float32)] if not len(images) else []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            batch = torch.from_numpy(images[start : start + batch_size]).to(device)
            pixels = batch.permute(0, 3, 1, 2).to(torch.float32).div_(255)
            results.append(network(pixels).float().cpu().numpy())
            progress.done(start + len(batch))
    return np.concatenate(results)
