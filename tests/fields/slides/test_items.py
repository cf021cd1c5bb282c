import csv
import gc
import json
import tempfile

import numpy as np
import pytest
import tifffile
from PIL import Image

import hemascope
from hemascope.data.decode import LIMIT
from hemascope.errors import DecodeError
from hemascope.fields.cell import KINDS
from hemascope.fields.detector import load_detector
from hemascope.fields.slides import vendor
from hemascope.fields.slides.items import Surveys, count_items, field_items
from hemascope.fields.slides.windows import MARGIN, SIDE
from hemascope.predict.items import Item
from tests.fields.slides.made import APERIO, drawn, write_pyramid
from tests.fields.toy import BACKGROUND, small_field


@pytest.fixture(scope="module")
def slide():
    return drawn()


@pytest.fixture(scope="module")
def slide_file(tmp_path_factory, slide):
    return write_pyramid(tmp_path_factory.mktemp("slide") / "slide.tif", slide, subifds=True)


def names(sources):
    return [item.path.rsplit("/", 1)[-1] for item in field_items([str(sources)])]


def test_windows_are_fields_in_order_without_blank_and_thick_ones(slide_file, slide):
    surveys = Surveys()
    found = list(field_items([str(slide_file)], surveys))
    step = SIDE - MARGIN
    assert [item.path.split("#")[1] for item in found] == ["0,0", f"{step},0"]
    for item, left in zip(found, (0, step), strict=True):
        pixels = item.pixels()
        assert np.array_equal(pixels, slide[: pixels.shape[0], left : left + pixels.shape[1]])
    assert surveys.as_dict()["slides"] == [
        {
            "name": str(slide_file), "windows": 4, "read": 2, "blank": 1, "thick": 1,
            "micrometres": None, "downsample": 1.0,
        }
    ]  # fmt: skip
    assert count_items([str(slide_file)]) is None


def test_without_levels_the_windows_are_the_same(slide_file, slide, tmp_path, monkeypatch):
    monkeypatch.setenv(LIMIT, "5000000")
    tifffile.imwrite(tmp_path / "slide.tif", slide, photometric="rgb", compression="deflate", rowsperstrip=64)
    one, other = (list(field_items([str(path)])) for path in (slide_file, tmp_path / "slide.tif"))
    assert [item.path.split("#")[1] for item in one] == [item.path.split("#")[1] for item in other]
    assert [item.core for item in one] == [item.core for item in other]
    assert np.array_equal(one[1].pixels(), other[1].pixels())


def test_a_count_has_every_cell_once_and_says_how_much_was_read(slide_file, slide, detector_file, model_file, tmp_path):
    options = {"detector": detector_file, "output": tmp_path / "out", "threads": 1}
    counted = hemascope.count(slide_file, model_file, **options)
    assert (counted.fields, counted.failed) == (2, 0)
    cells = []
    for row in counted.rows():
        left, top = map(int, row["field"].split("#")[1].split(","))
        x, y = (row["xmin"] + row["xmax"]) / 2, (row["ymin"] + row["ymax"]) / 2
        cells.append((row["kind"], x + left, y + top, row["counted"]))
    with (tmp_path / "out" / "fields.csv").open() as file:
        (scale,) = {float(row["scale"]) for row in csv.DictReader(file)}
    whole = load_detector(detector_file, threads=1).find(slide[:SIDE], scale)
    wanted = zip(whole.kinds, (whole.boxes[:, :2] + whole.boxes[:, 2:]) / 2, strict=True)
    assert len(cells) == len(whole) > 150
    for kind, centre in wanted:
        assert sum(cell[0] == KINDS[kind] and max(np.abs(cell[1:3] - centre)) < 4 for cell in cells) == 1
    assert all(cell[3] for cell in cells)
    assert '"thick": 1' in (tmp_path / "out" / "count.json").read_text()
    again = hemascope.count(slide_file, model_file, resume=True, **options)
    assert dict(again.totals.kinds) == dict(counted.totals.kinds)


def test_a_slide_has_one_geojson_in_pixels_of_its_largest_level(slide, detector_file, model_file, tmp_path):
    part = slide[600:880]  # of the second level
    large = part.repeat(4, 0).repeat(4, 1)
    with tifffile.TiffWriter(tmp_path / "slide.tif") as file:
        about = {"tile": (256, 256), "photometric": "rgb", "compression": "deflate", "resolutionunit": 3}
        for level, step in ((large, 1), (part, 4), (part[::4, ::4], 16)):
            resolution = (1e4 / 0.036 / step,) * 2  # red cells of 52 pixels on the second level
            file.write(level, resolution=resolution, subfiletype=int(step > 1), **about)
    options = {"detector": detector_file, "output": tmp_path / "out", "threads": 1}
    counted = hemascope.count(tmp_path / "slide.tif", model_file, **options)
    assert [path.name for path in (tmp_path / "out" / "geojson").iterdir()] == ["slide.geojson"]
    features = json.loads((tmp_path / "out" / "geojson" / "slide.geojson").read_text())["features"]
    assert len(features) == sum(counted.totals.kinds.values()) > 30
    lefts = []
    for feature in features:
        (left, top), _, (right, bottom) = feature["geometry"]["coordinates"][0][:3]
        channel = KINDS.index(feature["properties"]["metadata"]["Kind"])
        inner = large[round(top) + 16 : round(bottom) - 16, round(left) + 16 : round(right) - 16]
        assert (inner[..., channel] == 30).all()
        assert large[max(round(top) - 48, 0), max(round(left) - 48, 0)].tolist() == [BACKGROUND] * 3
        lefts.append(left)
    assert min(lefts) < 4 * SIDE < max(lefts)


def test_pages_are_fields(tmp_path):
    pages = [Image.fromarray(small_field()[: 190 + i]) for i in range(3)]
    pages[0].save(tmp_path / "a.tif", save_all=True, append_images=pages[1:])
    assert names(tmp_path) == ["a.tif#0", "a.tif#1", "a.tif#2"]
    assert [item.pixels().shape for item in field_items([str(tmp_path)])] == [(190 + i, 260, 3) for i in range(3)]
    assert count_items([str(tmp_path)]) == 3


def test_pictures_stay_what_they_are(tmp_path):
    Image.fromarray(small_field()).save(tmp_path / "a.tif")
    Image.fromarray(small_field()).save(tmp_path / "b.png")
    (tmp_path / "c.tif").write_bytes(b"")
    assert names(tmp_path) == ["a.tif", "b.png", "c.tif"]
    assert {type(item) for item in field_items([str(tmp_path)])} == {Item}
    assert count_items([str(tmp_path)]) == 3


def test_slides_are_found_in_folders_and_by_globs_and_damaged_ones_are_one_row(tmp_path, slide_file):
    (tmp_path / "a.svs").write_bytes(b"no slide")
    (tmp_path / "b.ndpi").write_bytes(slide_file.read_bytes()[: slide_file.stat().st_size // 2])
    (tmp_path / "c.txt").write_bytes(b"")
    for source in (tmp_path, tmp_path / "*"):
        found = list(field_items([str(source)]))
        assert [item.path.rsplit("/", 1)[-1] for item in found] == ["a.svs", "b.ndpi"]
        for item in found:
            with pytest.raises(DecodeError, match=item.path):
                item.pixels()


def test_a_slide_without_cells_is_a_row_that_says_so(tmp_path, slide):
    write_pyramid(tmp_path / "a.tif", np.full_like(slide, 240))
    (item,) = field_items([str(tmp_path)])
    with pytest.raises(DecodeError, match="nothing to read: 4 windows are blank, 0 thick"):
        item.pixels()


@pytest.mark.skipif(not vendor.is_installed(), reason="OpenSlide is not installed")
def test_a_slide_of_a_maker(tmp_path, slide):
    height, width = slide.shape[:2]
    path = write_pyramid(tmp_path / "a.svs", slide, description=APERIO.format(w=width, h=height), compression="jpeg")
    surveys = Surveys()
    assert len(list(field_items([str(path)], surveys))) == 2
    assert surveys.as_dict()["slides"][0]["micrometres"] == 0.144


def test_a_slide_elsewhere_is_copied_for_as_long_as_it_is_read(bucket, slide, tmp_path, monkeypatch):
    height, width = slide.shape[:2]
    file = write_pyramid(tmp_path / "a.svs", slide, description=APERIO.format(w=width, h=height), compression="jpeg")
    bucket.put("slides/a.svs", file.read_bytes())
    bucket.put("slides/b.mrxs", b"slide")
    (tmp_path / "copies").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "copies"))
    said = []
    url = f"{bucket.url}/slides"
    found, (several,) = list(field_items([f"{url}/a.svs"], say=said.append)), field_items([f"{url}/b.mrxs"])
    here = list(field_items([str(file)]))
    assert [item.path for item in found] == [item.path.replace(str(file), f"{url}/a.svs") for item in here]
    assert np.array_equal(found[1].pixels(), here[1].pixels())
    assert said == [f"{url}/a.svs: copying it to read it, {file.stat().st_size / 1e6:,.1f} MB"]
    assert len(list((tmp_path / "copies").rglob("*.svs"))) == 1
    found.clear()
    gc.collect()
    assert not list((tmp_path / "copies").iterdir())
    with pytest.raises(DecodeError, match="a slide of several files"):
        several.pixels()
    monkeypatch.setattr("hemascope.fields.slides.elsewhere.MOST", 1000)
    (large,) = field_items([f"{url}/a.svs"])
    with pytest.raises(DecodeError, match=r"its 0\.0 GB are more than the 16 GiB"):
        large.pixels()
    assert count_items([url]) is None
