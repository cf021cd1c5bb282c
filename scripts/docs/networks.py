"""The page of the named networks, from the catalogue and the shipped recipes."""

import torch

from hemascope.models.catalogue import CATALOGUE
from hemascope.models.network import make_backbone
from hemascope.models.pretrained import weights_source
from hemascope.train.recipe_files import load_recipe, shipped

_HEAD = """\
# Networks

`--set network=NAME` takes any of these names, in upper or lower case, and every other name of
[timm](https://github.com/huggingface/pytorch-image-models). `hemascope networks` prints the same list. How they are
trained and what to know of single ones: [transfer learning](../explanation/networks.md).

| Network | timm's name | Parameters of the backbone | Smallest side | Pretrained weights | Recipes |
|---|---|---|---|---|---|
"""


def page() -> str:
    """The page in Markdown."""
    recipes = {name: load_recipe(name).network for name in shipped()}
    lines = []
    for entry in CATALOGUE:
        with torch.device("meta"):
            backbone = make_backbone(entry.name, pretrained=False)
        millions = sum(weight.numel() for weight in backbone.parameters()) / 1e6
        own = ", ".join(f"[{name}](recipes.md#{name})" for name, network in recipes.items() if network == entry.name)
        weights = weights_source(entry.name)
        cells = (entry.title, f"`{entry.name}`", f"{millions:.3g} M", f"{entry.smallest} px", weights, own)
        lines.append(f"| {' | '.join(cells)} |\n")
    return _HEAD + "".join(lines)
