"""Test-time augmentation in words: what it gains and what it costs."""

from typing import Any

from hemascope.evaluate.tta import TtaResult
from hemascope.shown import points

TITLES = {"accuracy": "Accuracy", "balanced_accuracy": "Balanced accuracy"}


def tta_words(result: TtaResult) -> list[str]:
    """Gain, cost and advice, in a few sentences."""
    gain = result.gain["accuracy"]
    if result.wins:
        advice = f"It wins here: leave it on (tta_steps: {result.steps}) where the time allows."
    elif gain.high < 0:
        advice = "It loses here: leave it off."
    else:
        advice = "The interval holds 0, so it is not worth its time here: leave it off."
    return [
        f"Averaging over {result.steps} views of each image changes accuracy by {points(gain)} percentage points and "
        f"takes {result.ratio:.1f} times as long ({result.averaged_ms:.1f} instead of {result.plain_ms:.1f} ms an "
        "image).",
        advice,
    ]


def tta_part(result: TtaResult | None) -> dict[str, Any] | None:
    """What the page shows; None where it was not measured."""
    if result is None:
        return None
    rows = [
        {
            "title": title,
            "plain": result.plain[name]._asdict(),
            "averaged": result.averaged[name]._asdict(),
            "gain": points(result.gain[name]),
        }
        for name, title in TITLES.items()
    ]
    return {"result": result, "words": tta_words(result), "rows": rows}
