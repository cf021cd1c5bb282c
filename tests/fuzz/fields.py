"""Targets: fields and slides, counted. Each ends in rows: of cells that lie within it, or of an error."""

import io
import os
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import tifffile
from hypothesis import strategies as st
from PIL import Image

from hemascope.data.decode import LIMIT
from hemascope.fields.cell import KINDS
from hemascope.fields.detector import Detector, load_detector
from hemascope.fields.outputs.write import Writers
from hemascope.fields.read import read_fields
from hemascope.fields.slides.items import Surveys, count_items, field_items
from hemascope.predict.classifier import Classifier, load
from hemascope.report.count_page import write_count_page
from tests.data.pictures import encoded
from tests.fields.slides.made import APERIO
from tests.fields.toy import draw_field, grid, write_detector
from tests.fuzz.damage import damaged, scratched
from tests.fuzz.engine import Target
from tests.predict.model import write_model

_PIXELS = "9000"  # that a picture may have, so that none takes long
_FIELD = draw_field(48, 64, grid(48, 64, 6, 16))
_SLIDE = draw_field(64, 160, grid(64, 160, 8, 24))
_WORDS = [b"\0\0\0\0", b"\xff\xd8", b"\xff\xda", b"\xff\xc0", b"II*\0", b"MM\0+", b"IDAT", b"<OME", b"MPP = 0"]


def _tiff(levels: list[np.ndarray], *, subifds: bool = False, description: str | None = None, **options: Any) -> bytes:
    """A pyramid, or what one level makes, in tiles."""
    file = io.BytesIO()
    kind = {name: options.pop(name) for name in ("bigtiff", "byteorder", "ome") if name in options}
    about = {"tile": (32, 64), "photometric": "rgb", "metadata": None, **options}
    with tifffile.TiffWriter(file, **kind) as writer:
        writer.write(levels[0], subifds=len(levels) - 1 if subifds else 0, description=description, **about)
        for level in levels[1:]:
            writer.write(level, subfiletype=1, **about)
    return file.getvalue()


def _fields(field: np.ndarray, kind: str) -> list[bytes]:
    image = Image.fromarray(field)
    options: list[dict[str, Any]] = [{}, {"progressive": True}] if kind == "JPEG" else [{}]
    if kind == "TIFF":
        pages = [image.rotate(180), image.convert("L")]
        options += [{"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"save_all": True, "append_images": pages}]
    return [encoded(image, kind, **one) for one in options]


def _tiffs(slide: np.ndarray) -> list[bytes]:
    levels = [slide, slide[::4, ::4], slide[::16, ::16]]
    return [
        _tiff(levels, compression="deflate", resolution=(1e5, 1e5), resolutionunit=3),
        _tiff(levels, subifds=True, compression="jpeg"),
        _tiff(levels, compression="lzw", byteorder=">", bigtiff=True),
        _tiff([np.moveaxis(one, -1, 0) for one in levels], planarconfig="separate", compression="zstd"),
        _tiff([np.concatenate([slide, slide[::-1]])]),  # of one level, which may have more pixels than a picture
    ]


def _omes(slide: np.ndarray) -> list[bytes]:
    size = {"axes": "YXS", "PhysicalSizeX": 0.3, "PhysicalSizeXUnit": "µm"}
    levels = [slide, slide[::4, ::4], slide[::16, ::16]]
    return [_tiff(levels, subifds=True, ome=True, compression="deflate", metadata=size)]


def _svss(slide: np.ndarray) -> list[bytes]:
    about = APERIO.format(h=slide.shape[0], w=slide.shape[1])
    levels = [slide, slide[::4, ::4], slide[::16, ::16]]
    return [_tiff(levels, description=about, compression="jpeg", compressionargs={"level": 80})]


def targets(field: np.ndarray, slide: np.ndarray) -> dict[str, Target]:
    """Files of a field and of a slide, uint8 (h, w, 3), each damaged in one to four places."""
    return {
        "field-jpeg": _target("field.jpg", partial(_fields, field, "JPEG")),
        "field-png": _target("field.png", partial(_fields, field, "PNG")),
        "field-tiff": _target("field.tif", partial(_fields, field, "TIFF")),
        "slide-tiff": _target("slide.tif", partial(_tiffs, slide)),
        "slide-ome": _target("slide.ome.tif", partial(_omes, slide)),
        "slide-svs": _target("slide.svs", partial(_svss, slide)),
    }


def _target(file: str, seeds: Callable[[], list[bytes]]) -> Target:
    return Target(file, st.deferred(lambda: scratched(seeds()) | damaged(seeds(), _WORDS, 1)), _count, examples=5)


@cache
def _models() -> tuple[Detector, Classifier]:
    with tempfile.TemporaryDirectory() as folder:
        detector = load_detector(write_detector(Path(folder) / "d.onnx"), threads=1)
        return detector, load(write_model(Path(folder) / "m.onnx", unknown=0.5), threads=1)


def _count(path: Path) -> None:
    detector, classifier = _models()
    surveys = Surveys()
    writers = Writers(path.parent / "out", classifier.classes, page=write_count_page)
    with patch.dict(os.environ, {LIMIT: _PIXELS}):
        count_items([str(path)])
        for read in read_fields(detector, classifier, field_items([str(path)], surveys)):
            assert bool(read.error) != bool(read.width * read.height)
            for cell in read.cells:
                assert cell.kind in KINDS or read.error
                assert 0 <= cell.box[0] <= cell.box[2] <= read.width
                assert 0 <= cell.box[1] <= cell.box[3] <= read.height
            writers.add(read.name, read.pixels, read.cells)
    assert writers.names
    writers.close(downsamples=surveys.downsamples)


TARGETS = targets(_FIELD, _SLIDE)
