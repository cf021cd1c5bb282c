"""What stands beside a model file on the Hugging Face hub: its model card README.md and config.json."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hemascope.formats import to_versioned
from hemascope.predict.card import ModelCard
from hemascope.shown import SCORE_TITLES, with_interval

FORMAT_VERSION = 1
TASK = "image-classification"
TAGS = ("hemascope", "blood-cells", "haematology", "microscopy", "onnx", "not-a-medical-device")

LICENCES = (
    "apache-2.0", "bsd-2-clause", "bsd-3-clause", "cc0-1.0", "cc-by-2.0", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-3.0",
    "cc-by-nc-4.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "gpl-2.0",
    "gpl-3.0", "lgpl-3.0", "mit", "mpl-2.0", "pddl", "unlicense",
)  # fmt: skip
"""Licences that the hub knows, of those that images and weights are usually under."""

_OWN_SPLITS = ("train", "val", "test")
_METRICS = {"auc": "roc_auc"}  # the hub's names where they differ


def licences(text: str) -> dict[str, Any]:
    """The licence of the front matter, of what a card says in words.

    >>> licences("CC BY 4.0"), licences("CC BY 4.0, MIT")
    ({'license': 'cc-by-4.0'}, {'license': ['cc-by-4.0', 'mit']})
    >>> licences("for research alone")
    {'license': 'other', 'license_name': 'for research alone'}
    """
    parts = [part.strip() for part in text.split(",") if part.strip()]
    names = list(dict.fromkeys(re.sub(r"[\s_]+", "-", part.lower()) for part in parts))
    if not names:
        return {}
    if set(names) <= set(LICENCES):
        return {"license": names[0] if len(names) == 1 else names}
    return {"license": "other", "license_name": text}


def front_matter(card: ModelCard, *, licence: str = "") -> str:
    """The YAML between the dashed lines: what the hub sorts, finds and shows the model by.

    Args:
        card: of the model file; its measured scores become the model-index.
        licence: of the weights; "": that of the training data.
    """
    from huggingface_hub import EvalResult, ModelCardData

    results = []
    measured = {} if card.adapted else card.scores  # those of before are told to people alone, who read so
    for key, score in measured.items():
        value = score.get("value")
        if value is None:
            continue
        split = str(score.get("split", ""))
        own = not split or split in _OWN_SPLITS
        metric = next((name for name in sorted(SCORE_TITLES, key=len, reverse=True) if key.endswith(name)), key)
        about = {name: score[name] for name in ("low", "high", "images") if score.get(name) is not None}
        results.append(
            EvalResult(
                task_type=TASK,
                dataset_type=slug(_data_name(card) if own else split),
                dataset_name=_data_name(card) if own else split,
                dataset_split=split if own and split else None,
                metric_type=_METRICS.get(metric, metric),
                metric_value=value,
                metric_name=title(key, split),
                metric_args=about or None,
            )
        )
    data = ModelCardData(
        pipeline_tag=TASK,
        library_name="hemascope",
        **licences(licence or str(card.data.get("licence", ""))),
        datasets=[slug(_data_name(card))],
        tags=[*TAGS, *([slug(card.network)] if card.network else [])],
        metrics=list(dict.fromkeys(result.metric_type for result in results)) or None,
        model_name=card.name,
        eval_results=results or None,
    )
    return data.to_yaml().strip()


def readme(card: ModelCard, repository: str, files: Sequence[str], *, licence: str = "") -> str:
    """The model card: front matter, and the same and more for people.

    Args:
        card: of the model file.
        repository: its name on the hub, user/name.
        files: that lie beside the card.
        licence: of the weights; "": that of the training data.
    """
    data = card.data
    rows = [
        f"| {score.get('split') or _data_name(card)}, {_count(score.get('images'))} "
        f"| {title(key, score.get('split', ''))} | {_value(key, score)} |"
        for key, score in card.scores.items()
    ]
    adapted = (
        f"The file was adapted to {_count(card.adapted.get('images'))} other images after these scores were measured: "
        f"{card.adapted.get('method', '')}\n\n"
        if card.adapted
        else ""
    )
    of_files = [f"- `{name}`: {_FILES[name]}" for name in files if name in _FILES]
    parts = [
        f"---\n{front_matter(card, licence=licence)}\n---\n",
        f"# {card.name}\n",
        f"**Not a medical device: not for diagnosis.** {_rest_of(card.limits)}".rstrip() + "\n",
        f"A classifier of pictures of single cells, {len(card.classes)} classes: "
        f"{', '.join(map(_plain, card.classes))}. "
        f"{card.network or 'Its network'}{_weights(card)}, sees {card.input_size}x{card.input_size} pixels: "
        f"{card.framing}.\n",
        "## Use it\n",
        f'```sh\npip install "hemascope[hub]"\nhemascope predict cells/ -m hf://{repository} -o cells.csv\n```\n',
        f'```python\nimport hemascope\n\nclassifier = hemascope.load("hf://{repository}")\n'
        'classifier("cell.jpg").label\n```\n',
        "`model.onnx` takes raw uint8 RGB pictures (n, h, w, 3) of any size; resizing, normalisation and calibration "
        "are inside, so any runtime of ONNX will do.\n",
        "## Scores\n",
        f"{adapted}| Images | Score | Value [95% interval] |\n|---|---|---|\n" + "\n".join(rows) + "\n"
        if rows
        else "No scores are known of it.\n",
        "## Training data\n",
        f"{_data_name(card)}, {_count(data.get('images'))} images. "
        f"Licence: {data.get('licence') or 'not known'}. {data.get('attribution') or ''}".rstrip()
        + "\n",
        *([f"## Licence of the weights\n\n{licence}\n"] if licence else []),
        "## Files\n",
        "\n".join(of_files) + "\n",
    ]
    if card.recipe:
        recipe = json.dumps(card.recipe, indent=2, ensure_ascii=False)
        parts += [f"## Recipe\n\n```json\n{recipe}\n```\n"]
    parts.append(f"Written by hemascope {card.hemascope or '(version unknown)'}, {card.created or 'date unknown'}.\n")
    return "\n".join(parts)


def config(card: ModelCard, weights: Mapping[str, Any] | None = None) -> str:
    """config.json: classes and framing, and what it takes to use the safetensors.

    Args:
        card: of the model file.
        weights: of the network in model.safetensors, where it lies beside: how to build and feed it.
    """
    about = {
        "library_name": "hemascope",
        "architecture": card.network,
        "num_classes": len(card.classes),
        "classes": list(card.classes),
        "id2label": {str(number): name for number, name in enumerate(card.classes)},
        "label2id": {name: number for number, name in enumerate(card.classes)},
        "input_size": card.input_size,
        "framing": card.framing,
        "temperature": card.temperature,
        "unknown_threshold": card.unknown.get("threshold"),
        **({} if weights is None else {"safetensors": dict(weights)}),
    }
    return to_versioned(about, FORMAT_VERSION, indent=2) + "\n"


def title(key: str, split: str = "") -> str:
    """A score's name as it is read.

    >>> title("f1"), title("tecom_balanced_accuracy", "tecom"), title("28px_accuracy", "val")
    ('F1', 'Balanced accuracy', '28px accuracy')
    """
    key = key.removeprefix(f"{split}_")
    return SCORE_TITLES.get(key) or _plain(key)


def slug(text: str) -> str:
    """A name as the hub wants those of data sets: letters, digits, dots and single strokes.

    >>> slug("synthetic:120"), slug("PBC (Barcelona)")
    ('synthetic-120', 'pbc-barcelona')
    """
    return re.sub(r"[^a-z0-9._]+", "-", text.lower()).strip("-.") or "unknown"


_FILES = {
    "model.onnx": "the classifier, ready to use, with its card in the metadata",
    "model.safetensors": "the network's weights as trained, by PyTorch's names, before calibration",
    "config.json": "classes, framing and calibration",
    "report.html": "the training's report; it shows pictures of the data",
}


def _data_name(card: ModelCard) -> str:
    return str(card.data.get("name") or "unknown")


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _count(number: Any) -> str:
    return f"{number:,}" if isinstance(number, int) else "an unknown number of"


def _weights(card: ModelCard) -> str:
    return f", {card.parameters:,} weights" if card.parameters else ""


def _value(key: str, score: Mapping[str, Any]) -> str:
    value, low, high = (score.get(name) for name in ("value", "low", "high"))
    if "error" not in key:
        return with_interval((value, low, high))
    within = "" if low is None or high is None else f" [{low:.4f} to {high:.4f}]"
    return "" if value is None else f"{value:.4f}{within}"


def _rest_of(limits: str) -> str:
    """What a card says of its limits beyond the sentence that stands at the top in any case."""
    return re.sub(r"^Not a medical device: not for diagnosis\.\s*", "", limits)
