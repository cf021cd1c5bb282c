"""The model card on the hub: its front matter is YAML that states what was measured, and no more."""

import json

import pytest
import yaml

import hemascope
from hemascope.export.hub_card import config, front_matter, readme
from hemascope.predict.card import ModelCard

pytest.importorskip("huggingface_hub", reason='pip install "hemascope[hub]"')

SCORE = {"value": 0.984, "low": 0.97, "high": 0.99, "images": 120, "split": "test"}
CARD = ModelCard(
    "mine",
    ("a", "b_c"),
    96,
    network="tf_efficientnet_lite0",
    temperature=1.5,
    data={"name": "Cells: mine", "licence": "CC BY 4.0", "attribution": "Ada", "images": 500},
    scores={"accuracy": SCORE, "auc": {**SCORE, "value": None}},
    recipe={"name": "mine", "epochs": 3},
    limits="Not a medical device: not for diagnosis. Knows only its classes.",
)


def test_the_front_matter_states_the_measured_scores() -> None:
    front = yaml.safe_load(front_matter(CARD))
    assert front["pipeline_tag"] == "image-classification"
    assert (front["library_name"], front["license"], front["datasets"]) == ("hemascope", "cc-by-4.0", ["cells-mine"])
    (index,) = front["model-index"]
    (result,) = index["results"]
    assert index["name"] == "mine"
    assert result["dataset"] == {"name": "Cells: mine", "type": "cells-mine", "split": "test"}
    (metric,) = result["metrics"]  # what could not be measured is no score
    assert (metric["type"], metric["value"], metric["name"]) == ("accuracy", 0.984, "Accuracy")
    assert metric["args"] == {"low": 0.97, "high": 0.99, "images": 120}


def test_scores_of_other_laboratories_are_of_their_own_data() -> None:
    card = hemascope.load("robust").card
    front = yaml.safe_load(front_matter(card))
    found = {
        (result["dataset"]["type"], metric["type"]): metric["value"]
        for result in front["model-index"][0]["results"]
        for metric in result["metrics"]
        if metric["name"] in ("Accuracy", "AUC")
    }
    assert found["pbc", "accuracy"] == card.scores["accuracy"]["value"]
    assert found["pbc", "roc_auc"] == card.scores["auc"]["value"]
    assert found["tecom", "accuracy"] == card.scores["tecom_accuracy"]["value"]
    assert front["license"] == ["cc-by-4.0", "mit"]


def test_an_adapted_file_claims_no_scores_to_machines() -> None:
    from dataclasses import replace

    card = replace(CARD, adapted={"images": 40, "method": "zoom"})
    assert "model-index" not in yaml.safe_load(front_matter(card))
    assert "adapted to 40 other images after these scores were measured" in readme(card, "ada/cells", [])


@pytest.mark.parametrize(
    ("text", "front"),
    [
        ("", {}),
        ("MIT", {"license": "mit"}),
        ("Apache 2.0", {"license": "apache-2.0"}),
        ("CC BY 4.0, of the clinic", {"license": "other", "license_name": "CC BY 4.0, of the clinic"}),
    ],
)
def test_a_licence_that_the_hub_does_not_know_is_told_as_other(text: str, front: dict[str, str]) -> None:
    found = yaml.safe_load(front_matter(CARD, licence=text)) if text else {}
    assert {key: value for key, value in found.items() if key.startswith("license")} == front


def test_the_page_says_what_it_is_not_and_how_it_is_used() -> None:
    page = readme(CARD, "ada/cells", ["README.md", "config.json", "model.onnx"], licence="mit")
    assert page.startswith("---\n")
    assert "**Not a medical device: not for diagnosis.** Knows only its classes.\n" in page
    assert page.count("Not a medical device") == 1
    assert 'hemascope.load("hf://ada/cells")' in page
    assert "hemascope predict cells/ -m hf://ada/cells" in page
    assert "| test, 120 | Accuracy | 98.4% [97.0–99.0] |" in page  # noqa: RUF001
    assert "Cells: mine, 500 images. Licence: CC BY 4.0. Ada" in page
    assert '"epochs": 3' in page
    assert "model.safetensors" not in page


def test_the_settings_hold_classes_framing_and_calibration() -> None:
    found = json.loads(config(CARD, {"mean": [0.5] * 3}))
    assert found["id2label"] == {"0": "a", "1": "b_c"}
    assert (found["format_version"], found["framing"], found["temperature"]) == (1, CARD.framing, 1.5)
    assert found["safetensors"] == {"mean": [0.5, 0.5, 0.5]}
    assert "safetensors" not in json.loads(config(CARD))
