"""The classifier on top of pooled features."""

from torch import nn


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
