import numpy as np
import pytest

from hemascope.fields.slides import vendor
from tests.fields.slides.made import APERIO, drawn, write_pyramid

pytestmark = pytest.mark.skipif(not vendor.is_installed(), reason="OpenSlide is not installed")


def test_openslide_reads_what_was_written(tmp_path):
    slide = drawn()
    height, width = slide.shape[:2]
    path = write_pyramid(
        tmp_path / "a.svs", slide, description=APERIO.format(w=width, h=height), compression="jpeg",
        compressionargs={"level": 95},
    )  # fmt: skip
    assert vendor.is_vendors(str(path))
    reader = vendor.VendorReader(str(path))
    assert [level[:2] for level in reader.levels] == [(width, height), (-(-width // 4), height // 4), (185, 172)]
    assert reader.micrometres == pytest.approx(0.144)
    part = reader.read(0, 500, 600, 300, 200)
    assert np.abs(part.astype(int) - slide[600:800, 500:800]).mean() < 3
    small = reader.read(1, 125, 150, 75, 50)
    assert np.abs(small.astype(int) - slide[::4, ::4][150:200, 125:200]).mean() < 4
    reader.close()


def test_what_is_no_slide(tmp_path):
    (tmp_path / "a.svs").write_bytes(b"no slide")
    assert not vendor.is_vendors(str(tmp_path / "a.svs"))
