"""The networks that the documentation speaks of by name; any other network of timm works as well."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A network of the catalogue.

    Attributes:
        name: under which timm makes it; a recipe holds this name whatever it was asked for by.
        title: how papers and reports write it; taken for the name in upper and lower case.
        smallest: side in pixels below which the backbone cannot work; smaller images are enlarged to it.
        aliases: other names that are taken for it, likewise.
        own: whether it is hemascope's own, which has no pretrained weights.
    """

    name: str
    title: str
    smallest: int
    aliases: tuple[str, ...] = ()
    own: bool = False


CATALOGUE: tuple[Entry, ...] = (
    Entry("vanilla_cnn", "VanillaCNN", 16, own=True),
    Entry("micro_cell", "MicroCell", 16, ("MicroCell-Net",), own=True),
    Entry("vgg16", "VGG16", 32),
    Entry("densenet121", "DenseNet121", 32, ("DenseNet",)),
    Entry("resnet50", "ResNet50", 16, ("ResNet",)),
    Entry("inception_v3", "InceptionV3", 75),
    Entry("tf_efficientnetv2_b3", "EfficientNetV2B3", 16),
    Entry("convnext_tiny", "ConvNeXtTiny", 32),
    Entry("convnext_base", "ConvNeXtBase", 32),
    Entry("convnext_xlarge", "ConvNeXtXLarge", 32),
    Entry("tf_efficientnet_lite0", "EfficientNet-Lite0", 16),
    Entry("tf_efficientnet_lite2", "EfficientNet-Lite2", 16),
)
"""The networks from the simplest on; the embedded ones, whose weights need no internet, come last."""

_BY_NAME = {
    name.casefold(): entry for entry in CATALOGUE for name in (entry.name, entry.title, *entry.aliases)
}  # fmt: skip


def find(name: str) -> Entry | None:
    """The entry of that name, title or alias, in upper or lower case; None where there is none.

    >>> find("ConvNextTiny").name
    'convnext_tiny'
    """
    return _BY_NAME.get(name.casefold())


def timm_name(name: str) -> str:
    """The name under which timm makes a network; a name that the catalogue lacks stays as it is."""
    entry = find(name)
    return entry.name if entry else name
