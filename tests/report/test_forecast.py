import re
from dataclasses import replace

import pytest

from hemascope.evaluate.forecast.forecast import Forecast, Forecaster, local, read_forecast
from hemascope.report.forecast import draw_forecast, forecast_part, forecast_rows, forecast_words
from hemascope.report.page import write_report
from tests.evaluate.forecast.made_up import classified, reference, targets_of

CLASSES = ("basophil", "eosinophil", "lymphocyte", "monocyte", "platelet")


@pytest.fixture(scope="module")
def parts():
    forecaster = Forecaster(reference(100))
    said = forecaster.folder(classified(targets_of(80, seed=5), 3.5), CLASSES)
    return Forecast(
        local=local(98, 100, "val"),
        transformed=forecaster.transformed(),
        unlabelled={"name": "new <slides>", "unreadable": 2, **said},
        estimator=forecaster.about(),
    )


def test_rows(parts):
    rows = forecast_rows(parts)
    assert [row.title for row in rows] == ["Clean, same laboratory", "Transformed at random", "new <slides>"]
    assert rows[0].basis == "100 labelled images of val"
    assert rows[2].basis == "80 unlabelled images"


def test_words_warn(parts):
    words = " ".join(forecast_words(parts))
    assert "2 of its images cannot be read" in words
    assert "optimistic where this split chose" in words
    assert "lie outside" not in words
    strange = {"novelty": {"confidences": 2.0, "proportions": 1.5}, "widening": 2.0}
    words = " ".join(forecast_words(replace(parts, unlabelled=parts.unlabelled | strange)))
    assert "lie outside all that the corruptions of local images showed (2.0 times as far" in words
    assert "of other proportions" in words
    assert "widened 2.0 times" in words
    unknown = " ".join(forecast_words(replace(parts, local=parts.local | {"split": ""})))
    assert "too high if the labelled images had a say" in unknown
    assert "too high" not in " ".join(forecast_words(replace(parts, local=parts.local | {"split": "test"})))


def test_a_folder_far_outside_is_told_without_an_interval(parts):
    far = {"accuracy": {"value": 0.8, "low": None, "high": None}, "unlike": {"score": 9.0, "message": "Other stain."}}
    forecast = replace(parts, unlabelled=parts.unlabelled | far | {"widening": 2.0})
    words = forecast_words(forecast)
    assert words[:2] == [
        "The folder: Other stain.",
        "The folder is far outside all that the prediction was learnt from, so there is no interval: the value is a "
        "guess, mostly too high.",
    ]
    assert "widened" not in " ".join(words)
    assert forecast_part(forecast)["rows"][2]["interval"] == "–"  # noqa: RUF001
    assert "the folder, 90% interval" not in draw_forecast(forecast)
    assert "the folder, 90% interval" in draw_forecast(parts)


def test_figure_has_a_dot_for_every_setting(parts):
    figure = draw_forecast(parts)
    assert "of 77 corruptions" in figure
    assert {"the folder", "a corruption"} <= set(re.findall(r"<text[^>]*>([^<]*)</text>", figure))


def test_page_shows_it_where_it_was_made(run, parts):
    assert forecast_part(None) is None
    assert 'id="forecast"' not in write_report(run).read_text()
    parts.write(run)
    assert read_forecast(run) == parts
    page = write_report(run).read_text()
    assert 'id="forecast"' in page
    assert "new &lt;slides&gt;" in page
    assert "Average thresholded confidence" in page
    assert "Eosinophil" in page
