"""The Run's model.onnx: its card, its graph and the proof that it computes what the network does."""

from datetime import date

import hemascope
from hemascope.data.framing import FRAMING
from hemascope.data.manifest import Manifest
from hemascope.evaluate.summary import card_scores
from hemascope.export.graph import write_model
from hemascope.export.parity import compare, require
from hemascope.files import atomic
from hemascope.models.network import Network
from hemascope.models.unknown import UnknownScore
from hemascope.pipeline.parts import evaluated_part, mask, some_images
from hemascope.predict.card import ModelCard
from hemascope.train.recipe import Recipe
from hemascope.train.run import Run

LIMITS = (
    "Not a medical device: not for diagnosis. Knows only its classes and gives every picture one of them. "
    "Scores were measured on images of the training data's laboratory; other stains and cameras score lower."
)


def export(
    run: Run,
    recipe: Recipe,
    manifest: Manifest,
    network: Network,
    temperature: float,
    metrics: dict,
    score: UnknownScore,
    about: dict[str, dict],
) -> None:
    """Write the Run's model file.

    Args:
        run: its folder.
        recipe: goes on the card.
        manifest: with splits; some of its images are shown to network and file.
        network: in evaluation mode, on the CPU.
        temperature: of its calibration.
        metrics: as `summarise` gives them; the card states some.
        score: of unknown objects.
        about: the card's parts ``unknown`` and ``conformal``.

    Raises:
        ModelFileError: the file does not compute what the network does.
    """
    card = ModelCard(
        name=recipe.name,
        classes=manifest.classes,
        input_size=recipe.input_size,
        framing=FRAMING,
        network=network.description.network,
        parameters=sum(p.numel() for p in network.parameters()),
        temperature=temperature,
        data={
            "name": manifest.name,
            "licence": manifest.licence,
            "attribution": manifest.attribution,
            "images": int(mask(manifest, "train").sum()),
        },
        scores=card_scores(metrics),
        **about,
        recipe=recipe.model_dump(mode="json"),
        limits=LIMITS,
        created=date.today().isoformat(),
        hemascope=hemascope.__version__,
    )
    with atomic(run.model_file) as temporary:
        write_model(network, card, temporary, score)
        pictures = some_images(manifest, evaluated_part(manifest))
        require(compare(network, temperature, temporary, pictures), run.model_file)
