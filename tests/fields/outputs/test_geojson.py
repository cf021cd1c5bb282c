"""GeoJSON of a field, by the members that QuPath's reader (QuPathTypeAdapters, release 0.4 and later) asks for."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from hemascope.cells import CELLS
from hemascope.fields.outputs.geojson import write_geojson
from tests.fields.outputs.made import CLASSES, cells


@pytest.fixture
def features(tmp_path: Path) -> list[dict[str, Any]]:
    write_geojson(tmp_path / "a.geojson", cells(), CLASSES)
    found = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert found["type"] == "FeatureCollection"
    return found["features"]


def test_polygons_are_closed_boxes(features: list[dict[str, Any]]) -> None:
    for feature, cell in zip(features, cells(), strict=True):
        assert feature["type"] == "Feature"
        assert feature["geometry"]["type"] == "Polygon"
        (ring,) = feature["geometry"]["coordinates"]
        assert len(ring) == 5
        assert ring[0] == ring[-1]
        xs, ys = zip(*ring, strict=True)
        assert (min(xs), min(ys), max(xs), max(ys)) == cell.box


def test_properties_are_those_of_qupath(features: list[dict[str, Any]]) -> None:
    of_neutrophil = next(cell.colour for cell in CELLS if cell.name == "neutrophil")
    first = features[0]["properties"]
    assert first["objectType"] == "detection"
    assert first["classification"] == {"name": "Neutrophil", "color": list(bytes.fromhex(of_neutrophil[1:]))}
    assert first["measurements"] == {
        "Detector score": 0.95,
        "Confidence": 0.9,
        "Unknown score": 0.1,
        "Probability Monocyte": 0.06,
        "Probability Neutrophil": 0.9,
        "Probability Platelet": 0.04,
    }
    for feature in features:
        about = feature["properties"]
        assert all(isinstance(value, float) for value in about["measurements"].values())
        assert all(isinstance(value, str) for value in about["metadata"].values())
    assert features[3]["properties"]["measurements"] == {"Detector score": 0.8}
    assert features[2]["properties"]["classification"]["name"] == "Unknown, no class fits"
    assert features[4]["properties"]["metadata"]["Counted"] == "no, cut by an edge"


def test_ids_are_uuids_that_stay(features: list[dict[str, Any]], tmp_path: Path) -> None:
    ids = [str(uuid.UUID(feature["id"])) for feature in features]
    assert len(set(ids)) == len(ids)
    before = (tmp_path / "a.geojson").read_bytes()
    write_geojson(tmp_path / "a.geojson", cells(), CLASSES)
    assert (tmp_path / "a.geojson").read_bytes() == before


def test_a_field_without_cells_is_an_empty_collection(tmp_path: Path) -> None:
    write_geojson(tmp_path / "a.geojson", [], CLASSES)
    found = json.loads((tmp_path / "a.geojson").read_text(encoding="utf-8"))
    assert found == {"type": "FeatureCollection", "features": []}
