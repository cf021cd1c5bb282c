"""Occlusion of a model file beside Grad-CAM of the Run that it was exported from."""

import numpy as np
import pytest

from hemascope import load
from hemascope.data.pixels import load_pixels
from hemascope.data.sources import open_source
from hemascope.explain.cases import choose, classify, explain_cases
from hemascope.explain.explainer import occlusion_heat, open_explainer
from hemascope.explain.focus import agreement
from tests.conftest import ROOT
from tests.predict.model import COLOURS, write_model
from tests.predict.pictures import write_folder


def test_the_heat_is_where_the_spot_is(tmp_path):
    classifier = load(write_model(tmp_path / "model.onnx"), threads=1)
    image = np.full((40, 40, 3), COLOURS["lymphocyte"], np.uint8)
    image[4:14, 24:34] = COLOURS["basophil"]
    heat = occlusion_heat(classifier, image[None], np.array([classifier.classes.index("basophil")]))
    assert heat.shape == (1, 40, 40)
    assert heat.dtype == np.float32
    assert (heat.min(), heat.max()) == (0, 1)
    assert np.unravel_index(heat[0].argmax(), (40, 40)) == (pytest.approx(9, abs=4), pytest.approx(29, abs=4))


def test_a_model_with_attributes_says_what_it_sees(tmp_path):
    write_folder(tmp_path / "cells", 3)
    explainer = open_explainer(write_model(tmp_path / "model.onnx", attributes=True))
    classified = classify(explainer, open_source(tmp_path / "cells", unlabelled=True))
    cases = explain_cases(explainer, classified, choose(classified))
    assert {case.plain.label: case.appearance for case in cases} == {
        "eosinophil": "bilobed nucleus",
        "lymphocyte": "round nucleus, no granules",
        "basophil": "",
    }


def test_it_agrees_with_grad_cam_on_real_cells(pbc):
    run = ROOT / "runs" / "robust"
    if not (run / "checkpoints" / "final.pt").is_file():
        pytest.skip("no finished Run in runs/robust here")
    by_gradient, by_occlusion = open_explainer(run), open_explainer(run / "model.onnx")
    cells = open_source(pbc / "val")
    images = load_pixels(cells.rows(np.linspace(0, len(cells) - 1, 3).astype(int)), by_gradient.size).images
    said = by_gradient.probabilities(images).argmax(1)
    found = agreement(by_gradient.heat(images, said), by_occlusion.heat(images, said))
    assert np.nanmean(found.rank) > 0.2
    assert np.nanmean(found.overlap) > 0.15
