"""A changed model file, written whole or not at all, and only if it can be used."""

from collections.abc import Callable
from pathlib import Path

import onnx

from hemascope.adapt.metadata import set_card
from hemascope.files import atomic
from hemascope.predict.card import ModelCard
from hemascope.predict.classifier import Classifier, load
from hemascope.predict.devices import CPU


def save_model(
    model: onnx.ModelProto,
    path: Path,
    card: ModelCard | None = None,
    *,
    check: Callable[[Classifier], None] = lambda classifier: None,
) -> None:
    """Write a model file; one there is replaced if the new one can be opened and passes the check.

    Args:
        model: its card is changed where one is given.
        path: of the file.
        card: in the place of the one there.
        check: is given the new file, opened on the CPU, before it takes its place; what it raises keeps it from it.

    Raises:
        ModelFileError: the file could not be used.
        WriteError: it cannot be written.
    """
    if card is not None:
        set_card(model, card)
    with atomic(path) as temporary:
        onnx.save(model, temporary)
        check(load(temporary, threads=1, device=CPU))  # refused here rather than where it is used
