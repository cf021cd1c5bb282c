"""Targets: pictures of every format, and what hemascope itself writes and reads again."""

import json
import tempfile
from functools import cache
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import yaml
from hypothesis import strategies as st
from PIL import Image

from hemascope.audit.findings_file import COLUMNS, read_findings_csv
from hemascope.data.decode import announced_pixels, decode
from hemascope.data.manifest import Manifest
from hemascope.evaluate.predictions import Predictions
from hemascope.predict.card import METADATA_KEY, ModelCard, class_sets, set_mass
from hemascope.predict.classifier import load
from hemascope.predict.journal import Journal
from hemascope.predict.output import read_rows
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block
from hemascope.train.recipe_files import as_yaml, load_recipe
from tests.data.pictures import encoded, noise
from tests.fuzz.damage import NUMBERS, altered, damaged, texts
from tests.fuzz.engine import Target, attempt
from tests.predict.model import write_model

_FIXTURES = Path(__file__).parents[1] / "fixtures" / "v0.1.0"

_FORMATS: dict[str, list[dict[str, Any]]] = {
    "PNG": [{}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"}],
    "JPEG": [{}, {"progressive": True}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"}],
    "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"compression": "tiff_deflate"}],
    "BMP": [{}],
    "GIF": [{}],
    "WEBP": [{}, {"lossless": True}],
    "JPEG2000": [{}],
    "PPM": [{}],
    "AVIF": [{}],
}
_MODES = ("RGB", "L", "1", "P", "RGBA", "LA", "I;16", "I", "F", "CMYK")


@cache
def _pictures(format_: str) -> list[bytes]:
    found = []
    for mode in _MODES:
        picture = Image.fromarray(noise(0, 9, 7)).convert(mode)
        for options in _FORMATS[format_] if mode == "RGB" else [{}]:
            try:
                found.append(encoded(picture, format_, **options))
            except (OSError, ValueError, KeyError):  # the format has no such pixels
                continue
    return found


def _read_picture(path: Path) -> None:
    data = path.read_bytes()
    assert announced_pixels(data) >= 0
    pixels = attempt(decode, path)
    if pixels is not None:
        assert pixels.dtype == np.uint8
        assert pixels.shape[2] == 3


_WORDS = [
    b"\0\0\0\0",
    b"IDAT",
    b"iCCP",
    b"zTXt",
    b"\xff\xd8",
    b"\xff\xda",
    b"II*\0",
    b"MM\0*",
    b"# ",
    b"P7\n",
    b"65535",
]


def _pictures_of(format_: str) -> Target:
    return Target("picture", st.deferred(lambda: damaged(_pictures(format_), _WORDS)), _read_picture)


def _rows(n: int) -> Block:
    probabilities = np.random.default_rng(n).dirichlet([1, 1, 1], n).astype(np.float32)
    probabilities[1] = np.nan
    return Block([f"{i}.png" for i in range(n)], probabilities, ["", "bad", *[""] * (n - 2)])


_MADE_BY: Any = SimpleNamespace(
    card=ModelCard("colours", ("a", "b", "c"), 8),
    classes=("a", "b", "c"),
    digest="0" * 64,
    unknown_threshold=None,
    path=Path("m.onnx"),
)


@cache
def _journal() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        with Journal.create(Path(folder) / "j", _MADE_BY) as journal:
            for n in (3, 2):
                journal.append(_rows(n))
        return (Path(folder) / "j").read_bytes()


def _read_journal(path: Path) -> None:
    journal = attempt(Journal.resume, path, _MADE_BY)
    if journal is not None:
        with journal:
            before = journal.rows
            assert len(list(journal.paths())) == before
            journal.append(_rows(2))
            assert len(list(journal.paths())) == before + 2


_NAMES = ["1.png", "2.png", "a b.png", "=3.png"]


@st.composite
def _findings(draw: st.DrawFn) -> bytes:
    header = draw(st.permutations(COLUMNS) | st.lists(st.sampled_from(COLUMNS), max_size=6))
    known = {
        "path": st.sampled_from(_NAMES),
        "kind": st.sampled_from(["junk", "label", "identical", "JUNK"]),
        "score": st.sampled_from(["0.5", "0,5", "1", *NUMBERS]),
        "related": st.sampled_from(["", "1.png", "1.png|2.png", "|", "x|1.png"]),
        "verdict": st.sampled_from(["keep", "drop", "review", "relabel"]),
    }
    lines = [",".join(header)]
    for _ in range(draw(st.integers(0, 4))):
        row = [draw(known.get(name, texts) if draw(st.integers(0, 3)) else texts) for name in header]
        lines.append(",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row))
    return draw(damaged(["\n".join(lines).encode()], [b'"', b"\r", b"\n\n", b"\0", b",", b"'"]))


def _read_findings(path: Path) -> None:
    found = attempt(read_findings_csv, path, Manifest.build(_NAMES, ["a", "b", "a", "b"], ("a", "b")))
    assert found is None or found["row"].between(0, len(_NAMES) - 1).all()


@st.composite
def _recipes(draw: st.DrawFn) -> bytes:
    whole = yaml.safe_load(as_yaml(load_recipe(draw(st.sampled_from(["quick", "robust", "demo"])))))
    tree = draw(altered(whole))
    text = json.dumps(tree) if draw(st.booleans()) else yaml.safe_dump(tree, allow_unicode=draw(st.booleans()))
    words = [
        b": ",
        b"- ",
        b"!!python/object:os.system",
        b"&a ",
        b"*a",
        b"!!timestamp ",
        b"{",
        b"[" * 99,
        b"<<: ",
        b"%",
        b"'",
    ]
    return draw(damaged([text.encode()], words))


def _read_recipe(path: Path) -> None:
    recipe = attempt(load_recipe, path)
    if recipe is not None:
        path.write_text(as_yaml(recipe), "utf-8")
        assert load_recipe(path) == recipe


def _read_predictions(path: Path) -> None:
    found = attempt(Predictions.read, path)
    if found is not None:
        found.targets, found.predicted, found.splits, found.folds  # noqa: B018


def _read_table(path: Path) -> None:
    for row in attempt(lambda: list(islice(read_rows(path), 50))) or []:
        attempt(Layout.of_columns, list(row))


_CARD = ModelCard(
    "colours",
    ("eosinophil", "lymphocyte", "basophil"),
    8,
    data={"name": "x", "images": 3},
    scores={"accuracy": {"value": 0.9, "low": 0.8, "high": 1.0, "images": 10, "split": "val"}},
    unknown={"threshold": 0.5, "rate": 0.01, "images": 9, "method": "x"},
    conformal={"levels": [0.9, 0.99], "masses": [0.9, 0.999], "measured": [0.9, 0.99], "size": [1.0, 1.2]},
)


@st.composite
def _cards(draw: st.DrawFn) -> bytes:
    text = json.dumps(draw(altered(json.loads(_CARD.to_json()))))
    words = [b"[" * 5000, b'{"a":' * 2000, b"NaN", b"1e999", b"null", b"\\ud800", b'"', b"9" * 5000]
    return draw(damaged([text.encode()], words)) if draw(st.booleans()) else text.encode()


def _read_card(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "replace")
    card = attempt(ModelCard.from_json, text)
    if card is not None:
        card.to_json().encode()
        mass = attempt(set_mass, card, 0.9)
        if mass is not None:
            class_sets(np.full((1, len(card.classes)), 1 / len(card.classes)), card.classes, mass)


@cache
def _model() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return write_model(Path(folder) / "m.onnx", unknown=0.5).read_bytes()


@st.composite
def _models(draw: st.DrawFn) -> bytes:
    model = onnx.load_from_string(_model())
    if draw(st.booleans()):
        onnx.helper.set_model_props(model, {METADATA_KEY: draw(_cards()).decode("utf-8", "replace")})
        return bytes(model.SerializeToString())
    return draw(damaged([_model()], [b"\x08", b"\x12\x04", b"Loop", b"\xff\xff\xff\xff\x0f"]))


def _read_model(path: Path) -> None:
    model = attempt(load, path, threads=1)
    if model is not None:
        Layout.of(model)
        attempt(lambda: list(model([noise(0, 8, 8)])))


TARGETS = {
    **{name.lower(): _pictures_of(name) for name in _FORMATS},
    "journal": Target("out.csv.partial", st.deferred(lambda: damaged([_journal()])), _read_journal),
    "findings": Target("findings.csv", _findings(), _read_findings),
    "recipe": Target("recipe.yaml", _recipes(), _read_recipe),
    "predictions": Target(
        "predictions.parquet",
        st.deferred(lambda: damaged([(_FIXTURES / "run" / "predictions.parquet").read_bytes()])),
        _read_predictions,
    ),
    **{
        f"predicted-{kind}": Target(
            f"predicted.{kind}",
            damaged(
                [(_FIXTURES / f"predicted.{kind}").read_bytes()], [b",", b'"', b"\r", b"null", b"{", b"\n", b"nan"]
            ),
            _read_table,
        )
        for kind in ("csv", "jsonl", "parquet")
    },
    "card": Target("card.json", _cards(), _read_card),
    "model": Target("m.onnx", st.deferred(_models), _read_model),
}
