import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import hemascope
from hemascope.errors import DecodeError, ModelFileError, SourceError
from tests.predict.model import CLASSES, COLOURS, write_model
from tests.predict.pictures import encoded, picture, write_folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return hemascope.load(write_model(tmp_path_factory.mktemp("model") / "m.onnx"), threads=2)


def expected_probabilities(image):
    logits = 8 * image.reshape(-1, 3).mean(axis=0) / 255
    return np.exp(logits) / np.exp(logits).sum()


def test_a_prediction_is_that_of_the_network(classifier):
    found = classifier(picture("lymphocyte"))
    assert (found.label, found.error) == ("lymphocyte", "")
    assert list(found.probabilities) == list(CLASSES)
    assert np.allclose(list(found.probabilities.values()), expected_probabilities(picture("lymphocyte")), atol=1e-6)
    assert found.confidence == max(found.probabilities.values())


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "bytearray", "pillow", "opened", "array"])
def test_every_kind_of_image_gives_the_same(classifier, kind, tmp_path):
    file = tmp_path / "cell.png"
    file.write_bytes(encoded("basophil", 6, 9))
    kinds = {
        "path": lambda: file,
        "text": lambda: str(file),
        "bytes": file.read_bytes,
        "bytearray": lambda: bytearray(file.read_bytes()),
        "pillow": lambda: Image.fromarray(picture("basophil", 6, 9)),
        "opened": lambda: Image.open(io.BytesIO(file.read_bytes())),
        "array": lambda: picture("basophil", 6, 9),
    }
    assert classifier(kinds[kind]()) == classifier(file)


@pytest.mark.parametrize("mode", ["RGBA", "P", "CMYK", "YCbCr", "L", "LA", "1", "I;16", "I", "RGBX", "HSV"])
def test_pillow_images_of_any_mode_are_read_as_the_decoder_reads_files(classifier, mode):
    grey = Image.fromarray(np.full((8, 8), 128, np.uint8))
    image = Image.new(mode, (8, 8), 128 * 257) if mode in ("I", "I;16") else grey.convert("RGB").convert(mode)
    assert np.allclose(list(classifier(image).probabilities.values()), 1 / 3, atol=0.02)


def test_a_pillow_image_is_turned_by_its_exif_orientation():
    from hemascope.predict.pixels import pixels

    image = Image.new("RGB", (8, 4))
    image.getexif()[0x0112] = 6
    assert pixels(image).shape == (8, 4, 3)


def test_a_list_of_mixed_sizes_keeps_its_order_and_loses_nothing_to_a_bad_image(classifier):
    rng = np.random.default_rng(0)
    names = rng.choice(CLASSES, 200)
    images = [picture(name, *rng.integers(1, 20, 2)) for name in names]
    images[77] = b"not an image"
    found = classifier(images)
    assert [p.label for p in found] == [*names[:77], "", *names[78:]]
    assert "not a picture" in found[77].error
    assert found[77].probabilities == {}


def test_a_stack_is_a_list_of_images_and_an_empty_list_is_empty(classifier):
    assert [p.label for p in classifier(np.stack([picture("basophil"), picture("eosinophil")]))] == [
        "basophil",
        "eosinophil",
    ]
    assert classifier([]) == []


@pytest.mark.parametrize(
    "image", [b"", b"text", Path("missing.png"), np.zeros((4, 4, 3)), np.zeros((4, 4, 7), np.uint8), 7]
)
def test_a_single_bad_image_raises(classifier, image):
    with pytest.raises(DecodeError):
        classifier(image)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 40])
def test_probabilities_and_features_of_stacks(classifier, n):
    images = np.random.default_rng(n).integers(0, 256, (n, 5, 7, 3), np.uint8)
    probabilities, features = classifier.probabilities(images), classifier.features(images)
    assert probabilities.shape == features.shape == (n, 3)
    assert probabilities.dtype == features.dtype == np.float32
    assert np.allclose(features, images.mean(axis=(1, 2)) / 255, atol=1e-5)
    for image, row in zip(images, probabilities, strict=True):
        assert np.allclose(row, expected_probabilities(image), atol=1e-5)


def test_arrays_without_copies_of_the_rows_are_read_right(classifier):
    images = np.stack([picture(name) for name in CLASSES])[::-1, ::2]
    assert classifier.probabilities(images).argmax(axis=1).tolist() == [2, 1, 0]


@pytest.mark.parametrize(("shape", "dtype"), [((2, 4, 4, 3), float), ((4, 4, 3), np.uint8), ((2, 4, 4, 4), np.uint8)])
def test_stacks_of_another_kind_are_refused(classifier, shape, dtype):
    with pytest.raises(DecodeError, match="uint8"):
        classifier.probabilities(np.zeros(shape, dtype))


def test_the_card_and_the_classes(classifier):
    assert classifier.classes == CLASSES
    assert classifier.card.limits == "for tests only"
    assert set(COLOURS) == set(classifier.classes)


def test_models_of_other_weights_have_another_digest(classifier, tmp_path):
    same, other = write_model(tmp_path / "same.onnx"), write_model(tmp_path / "other.onnx", sharpness=4)
    assert hemascope.load(same).digest == classifier.digest != hemascope.load(other).digest


@pytest.fixture(scope="module")
def telling(tmp_path_factory):
    return hemascope.load(write_model(tmp_path_factory.mktemp("model") / "m.onnx", unknown=0.5), threads=2)


def test_a_model_without_a_score_of_unknown_objects_says_so(classifier):
    found = classifier(picture("basophil"))
    assert (found.unknown, found.is_unknown) == (None, None)
    with pytest.raises(ModelFileError, match="no score of unknown objects"):
        classifier.unknown(picture("basophil")[None])


def test_unknown_objects_are_flagged_above_the_threshold(telling):
    dark, light = picture("basophil"), np.full((8, 8, 3), 250, np.uint8)
    assert telling(light).is_unknown is True
    assert telling(dark).is_unknown is False
    assert telling(light).unknown == pytest.approx(250 / 255, abs=1e-6)
    assert [found.is_unknown for found in telling([dark, light, b"bad"])] == [False, True, None]
    scores = telling.unknown(np.stack([dark, light] * 10))
    assert scores.shape == (20,)
    assert scores.dtype == np.float32


def test_conformal_sets_of_a_stated_coverage(telling):
    probabilities = np.array([[0.5, 0.45, 0.05]])
    assert telling.sets(probabilities, 0.9) == [CLASSES[:2]]
    assert telling.sets(probabilities, 0.99) == [CLASSES]
    with pytest.raises(ModelFileError, match=r"Ask for one of 0\.9, 0\.99"):
        telling.sets(probabilities, 0.7)


def test_an_iterator_of_any_length_gives_an_iterator_that_is_not_far_ahead(classifier):
    taken = 0

    def endless():
        nonlocal taken
        while True:
            taken += 1
            yield picture(CLASSES[taken % 3]) if taken % 7 else b"bad"

    found = classifier(endless())
    assert taken == 0
    answers = [next(found) for _ in range(400)]
    assert [answer.label for answer in answers] == [CLASSES[i % 3] if i % 7 else "" for i in range(1, 401)]
    assert taken - 400 <= 64 * (classifier.threads + 3)
    found.close()


def test_an_open_file_is_no_stream_of_images(classifier, tmp_path):
    (tmp_path / "cell.png").write_bytes(encoded("basophil"))
    with (tmp_path / "cell.png").open("rb") as file, pytest.raises(DecodeError, match="is not an image"):
        classifier(file)


def test_a_list_and_an_iterator_over_it_give_the_same(classifier):
    images = [picture(name, 5, 9) for name in CLASSES] * 9
    assert list(classifier(iter(images))) == classifier(images)
    assert list(classifier(iter([]))) == []


def test_a_column_of_paths_gives_a_list(classifier, tmp_path):
    expected = write_folder(tmp_path, 5)
    for column in (pd.Series(list(expected)), np.array(list(expected)), dict.fromkeys(expected)):
        assert [found.label for found in classifier(column)] == list(expected.values())


@pytest.mark.parametrize("kind", ["folder", "glob", "list", "iterator"])
def test_a_table_of_sources(classifier, tmp_path, kind):
    expected = write_folder(tmp_path / "cells", 70)
    table = classifier.table(
        {
            "folder": tmp_path / "cells",
            "glob": f"{tmp_path}/c*/*.png",
            "list": list(expected),
            "iterator": (Path(path) for path in expected),
        }[kind]
    )
    assert list(table.columns) == ["path", "label", "confidence", *CLASSES, "error"]
    assert dict(zip(table["path"], table["label"], strict=True)) == expected
    assert np.allclose(table[list(CLASSES)].sum(axis=1), 1)


def test_a_table_of_images_and_sources_together(classifier, tmp_path):
    write_folder(tmp_path, 2)
    table = classifier.table([picture("basophil"), tmp_path, encoded("eosinophil"), b"bad"])
    assert table["path"].tolist()[0] == "image 0"
    assert table["label"].tolist()[:4] == ["basophil", "eosinophil", "lymphocyte", "eosinophil"]
    assert "not a picture" in table["error"].iloc[4]
    assert classifier.table(picture("basophil"))["label"].tolist() == ["basophil"]
    assert classifier.table(np.stack([picture("basophil")] * 2))["label"].tolist() == ["basophil"] * 2
    assert list(classifier.table([]).columns) == list(table.columns)
    with pytest.raises(SourceError, match="no such source"):
        classifier.table("gone.png")


def test_a_prediction_and_a_classifier_draw_themselves(classifier, telling):
    drawn = classifier(picture("basophil"))._repr_html_()
    assert "<b>Basophil</b></p>" in drawn
    assert drawn.count("<tr>") == len(CLASSES)
    assert "probably none of these" in telling(np.full((8, 8, 3), 250, np.uint8))._repr_html_()
    assert classifier([b"<bad>"])[0]._repr_html_() == "<p>Not read: not a picture of a known format</p>"
    card = hemascope.load()._repr_html_()
    assert "Immature granulocyte" in card
    assert "CC BY 4.0" in card
    assert "accuracy 0.990" in card
