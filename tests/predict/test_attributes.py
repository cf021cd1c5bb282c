"""What is seen of cells: said of classes that it was learnt on, where the model is sure, the same everywhere."""

import json

import numpy as np
import pandas as pd
import pytest

import hemascope
from hemascope.errors import ModelFileError, SourceError
from hemascope.predict.attributes import _WORDS, Vocabulary, phrase
from hemascope.predict.card import ModelCard
from hemascope.predict.predict import predict
from hemascope.predict.shipped import names
from tests.predict.model import COLOURS, WORDS, write_model
from tests.predict.pictures import write_folder

SAID = {"eosinophil": ("segmented-bilobed", "yes"), "lymphocyte": ("unsegmented-round", "no"), "basophil": ("", "")}
SEEN = {"eosinophil": "bilobed nucleus", "lymphocyte": "round nucleus, no granules", "basophil": ""}


@pytest.fixture
def seeing(tmp_path, monkeypatch):
    """A model with attributes, in a folder with twelve cells and one file that is none."""
    monkeypatch.chdir(tmp_path)
    write_folder(tmp_path / "cells", 12)
    (tmp_path / "cells" / "bad.png").write_bytes(b"no picture")
    return write_model(tmp_path / "m.onnx", attributes=True)


def coloured(name):
    return np.full((9, 11, 3), COLOURS[name], np.uint8)


@pytest.mark.parametrize("suffix", ["", ".csv", ".parquet", ".jsonl"])
def test_columns_of_predict_say_what_is_seen_of_each_cell(seeing, tmp_path, suffix):
    output = tmp_path / f"out{suffix}" if suffix else None
    found = predict("cells", seeing, output=output, attributes=True)
    rows = list(found.rows())
    assert len(rows) == 13
    for row in rows:
        told = tuple(row[name] or "" for name in WORDS["names"])
        assert told == SAID.get(row["label"], ("", ""))
        assert (row["appearance"] or "") == SEEN.get(row["label"], "")
    assert list(found.counts()) == list(hemascope.load(seeing).classes)
    frame = hemascope.load(seeing).table("cells", attributes=True)
    pd.testing.assert_frame_equal(found.table(), frame, check_dtype=False)


def test_an_interrupted_or_finished_output_is_of_the_same_attributes(seeing, tmp_path):
    predict("cells", seeing, output="out.csv", attributes=True)
    assert len(predict("cells", seeing, output="out.csv", attributes=True, resume=True)) == 13
    with pytest.raises(SourceError, match=r"columns path.*--attributes"):
        predict("cells", seeing, output="out.csv", resume=True)


def test_one_cell_many_and_a_stream_have_their_words(seeing):
    model = hemascope.load(seeing, threads=1)
    images = [coloured(name) for name in COLOURS]
    for found in (
        [model(image, attributes=True) for image in images],
        model(images, attributes=True),
        list(model(iter(images), attributes=True)),
    ):
        assert [one.appearance for one in found] == list(SEEN.values())
        assert found[0].attributes == dict(zip(WORDS["names"], SAID["eosinophil"], strict=True))
    assert "bilobed nucleus" in model(images[0], attributes=True)._repr_html_()
    assert model(images[0]).attributes == {}
    shares = model.attributes(np.stack(images))
    assert {name: part.shape for name, part in shares.items()} == {"nucleus_shape": (3, 2), "granularity": (3, 2)}
    np.testing.assert_allclose(sum(part.sum(axis=1) for part in shares.values()), 2, atol=1e-5)


def test_nothing_is_said_of_what_is_unknown_or_doubtful():
    words = Vocabulary.of(ModelCard("m", ("lymphocyte",), 8, attributes=WORDS))
    rows = np.array([[0.9, 0.1, 0.3, 0.7], [0.9, 0.1, 0.9, 0.1], [np.nan] * 4])
    said = words.said(["lymphocyte"] * 3, rows, np.array([False, True, False]))
    assert said == [("unsegmented-round", ""), ("", ""), ("", "")]


def test_a_model_without_attributes_says_so(tmp_path):
    model = hemascope.load(write_model(tmp_path / "m.onnx"))
    for ask in (lambda: model(coloured("basophil"), attributes=True), lambda: model.attributes(np.zeros((1, 8, 8, 3)))):
        with pytest.raises(ModelFileError, match=r"m\.onnx: it has no attributes"):
            ask()
    with pytest.raises(ModelFileError, match="no attributes"):
        predict("synthetic:8", tmp_path / "m.onnx", attributes=True)


def test_output_and_card_must_agree(tmp_path):
    bare = ModelCard("m", tuple(COLOURS), 8)
    with pytest.raises(ModelFileError, match="one only of the output 'attributes'"):
        hemascope.load(write_model(tmp_path / "a.onnx", attributes=True, card=bare.to_json()))
    more = ModelCard("m", tuple(COLOURS), 8, attributes=WORDS | {"values": [["a", "b", "c"], ["d", "e"]]})
    with pytest.raises(ModelFileError, match="4 attributes an image, and its card names 5 values"):
        hemascope.load(write_model(tmp_path / "b.onnx", attributes=True, card=more.to_json()))


def test_a_card_from_before_has_no_attributes():
    old = json.loads(ModelCard("m", ("a",), 8).to_json())
    del old["attributes"]
    assert Vocabulary.of(ModelCard.from_json(json.dumps(old))) is None


def test_every_phrase_can_be_said():
    said = {name: next(iter(values)) for name, values in _WORDS.items()}
    assert phrase(said) == (
        "large irregular cell, bilobed nucleus, high N:C ratio, loose chromatin, frosted blue cytoplasm, vacuoles, "
        "fine pink granules, no granules"
    )
    assert phrase({"cell_size": "", "nucleus_shape": "unsegmented-band"}) == "band nucleus"
    assert phrase({"cell_shape": "round", "cytoplasm_vacuole": "no"}) == ""
    assert phrase({"auer_rods": "many"}) == "auer rods: many"


@pytest.mark.parametrize("name", names())
def test_shipped_models_say_what_is_in_the_picture(pbc, name):
    model = hemascope.load(name)
    assert list(model.vocabulary.values[model.vocabulary.names.index("granularity")]) == ["no", "yes"]
    seen = {}
    for label in ("eosinophil", "lymphocyte", "platelet"):
        files = sorted((pbc / "val" / label).iterdir())[:8]
        seen[label] = [found.appearance for found in model(files, attributes=True)]
    assert sum("round red granules" in words for words in seen["eosinophil"]) >= 6
    assert sum("no granules" in words for words in seen["lymphocyte"]) >= 6
    assert not any(seen["platelet"])
