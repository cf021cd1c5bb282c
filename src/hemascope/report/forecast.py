"""The predicted score in the report: three predictions, how well the method does, and when not to trust it."""

from typing import Any, NamedTuple

import numpy as np
from markupsafe import Markup

from hemascope.evaluate.forecast.forecast import Forecast
from hemascope.report import svg
from hemascope.shown import interval, percent

UNCORRECTED = {
    "average_thresholded_confidence": "Average thresholded confidence (Garg et al. 2022)",
    "difference_of_confidences": "Difference of confidences (Guillory et al. 2021)",
    "mean_confidence": "Mean confidence",
    "agreement": "Agreement of two mirrored views (Jiang et al. 2022)",
}
"""Estimates of the literature by themselves, for readers."""


class Row(NamedTuple):
    """One prediction: of what, how it was made, and its value with its interval."""

    title: str
    basis: str
    score: dict[str, float | None]


def forecast_rows(forecast: Forecast) -> list[Row]:
    """The three predictions."""
    local, transformed, folder = forecast.local, forecast.transformed, forecast.unlabelled
    where = f" of {local['split']}" if local["split"] else ""
    return [
        Row("Clean, same laboratory", f"{local['images']:,} labelled images{where}", local["accuracy"]),
        Row("Transformed at random", f"{transformed['images']:,} of them, 1 to 3 corruptions", transformed["accuracy"]),
        Row(folder["name"], f"{folder['images']:,} unlabelled images", folder["accuracy"]),
    ]


def forecast_words(forecast: Forecast) -> list[str]:
    """What a reader must know before trusting the predictions, warnings of this folder first."""
    unlabelled, severities = forecast.unlabelled, forecast.transformed["by_severity"]
    new, said = unlabelled["novelty"], []
    if unlike := unlabelled.get("unlike"):
        said.append(f"The folder: {unlike['message']}")
    if unlabelled["accuracy"]["low"] is None:
        said.append(
            "The folder is far outside all that the prediction was learnt from, so there is no interval: the value is "
            "a guess, mostly too high."
        )
    if new["confidences"] > 1:
        said.append(
            "The model's confidences in the folder lie outside all that the corruptions of local images showed "
            f"({new['confidences']:.1f} times as far as the farthest): this is another kind of image, and the "
            "prediction a guess. Label a hundred of them."
        )
    if new["proportions"] > 1:
        said.append(
            "The classes predicted in the folder are spread otherwise than under any corruption: its cells are of "
            "other proportions, or many are taken for another class. Either can break the prediction."
        )
    if unlabelled["widening"] > 1 and unlabelled["accuracy"]["low"] is not None:
        said.append(f"The folder's interval was therefore widened {unlabelled['widening']:.1f} times.")
    if unlabelled["unreadable"]:
        said.append(f"{unlabelled['unreadable']:,} of its images cannot be read and are left out.")
    if forecast.local["split"] == "val":
        said.append("The first is optimistic where this split chose the model's epoch; expect a little less.")
    elif forecast.local["split"] != "test":
        said.append("All three are too high if the labelled images had a say in the training.")
    first, last = min(severities, key=int), max(severities, key=int)
    said.append(
        f"Transformed images score {percent(severities[first])} at severity {first} and {percent(severities[last])} "
        f"at severity {last}; the prediction is the mean of all."
    )
    said.append(
        "The folder's is learnt from corrupted local images. For slides of another laboratory it is an upper guess: a "
        "foreign stain, other proportions of cells or cells of none of the classes can break it, with no warning. Only "
        "labels can tell."
    )
    return said


@svg.styled
def draw_forecast(forecast: Forecast) -> Markup:
    """Predicted against measured accuracy of every known corruption, whose family the prediction had not seen."""
    parts = forecast.estimator["settings"]
    predicted, true = (np.array([part[key] for part in parts], float) for key in ("predicted", "accuracy"))
    folder = forecast.unlabelled["accuracy"]
    figure, (axes,) = svg.canvas(4.4, 3.6)
    least = folder["value"] if folder["low"] is None else folder["low"]
    start = float(np.clip(np.floor(20 * min(predicted.min(), true.min(), least)) / 20, 0, 0.95))
    if folder["low"] is not None:
        axes.axvspan(folder["low"], folder["high"], color=svg.GRID, lw=0, label="the folder, 90% interval")
    axes.axvline(folder["value"], color=svg.SECOND, ls="--", lw=1.2, label="the folder")
    axes.plot([start, 1], [start, 1], color=svg.MUTED, lw=0.9, ls=(0, (3, 3)))
    axes.scatter(predicted, true, s=18, color=svg.ACCENT, alpha=0.6, lw=0, zorder=3, label="a corruption")
    end = 1 + 0.02 * (1 - start)
    axes.set(xlim=(start, end), ylim=(start, end), xlabel="predicted accuracy", ylabel="measured accuracy")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{100 * value:.3g}%" if value <= 1 else "")
    figure.legend(loc="outside upper center", ncols=3)
    error = forecast.estimator["mean_absolute_error"]
    return svg.inline(
        figure, "forecast", f"Predicted against measured accuracy of {len(parts)} corruptions; mean error {error:.3f}."
    )


def forecast_part(forecast: Forecast | None) -> dict[str, Any] | None:
    """What the page shows; None where no folder was given."""
    if forecast is None:
        return None
    estimator, folder = forecast.estimator, forecast.unlabelled
    return {
        "rows": [row._asdict() | {"interval": interval(row.score)} for row in forecast_rows(forecast)],
        "words": forecast_words(forecast),
        "figure": draw_forecast(forecast),
        "error": estimator["mean_absolute_error"],
        "settings": len(estimator["settings"]),
        "images": estimator["images"],
        "uncorrected": [(title, folder["uncorrected"][key]) for key, title in UNCORRECTED.items()],
        "proportions": folder["proportions"],
    }
