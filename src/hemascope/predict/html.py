"""What predictions and a model's card draw themselves of in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

from hemascope.cells import title

if TYPE_CHECKING:
    from hemascope.predict.card import ModelCard


def bars(lines: Iterable[tuple[str, float, str, str]]) -> str:
    """A table of classes, each with a bar of this share of its width and this colour, and a number."""
    rows = "".join(
        f'<tr><td style="text-align:left">{escape(title(name))}</td><td style="text-align:left">'
        f'<div style="width:12em"><div style="width:{share:.1%};height:.8em;background:{colour}"></div></div></td>'
        f"<td>{number}</td></tr>"
        for name, share, colour, number in lines
    )
    return f"<table>{rows}</table>"


def card_html(card: ModelCard) -> str:
    """What the model is, what it saw, what it scores, and what it must not be used for."""
    data = ", ".join(str(card.data[key]) for key in ("name", "licence", "attribution") if card.data.get(key))
    scores = "; ".join(
        f"{name.replace('_', ' ')} {value['value']:.3f}" + (f" ({value['split']})" if value.get("split") else "")
        for name, value in card.scores.items()
        if isinstance(value, dict) and isinstance(value.get("value"), int | float)
    )
    lines = {
        "classes": ", ".join(map(title, card.classes)),
        "network": f"{card.network}, {card.parameters:,} weights" if card.network else "",
        "input": f"{card.input_size} x {card.input_size} pixels, {card.framing}",
        "trained on": data,
        "scores": scores,
        "limits": card.limits,
    }
    cells = "".join(
        f'<tr><th style="text-align:left">{name}</th><td style="text-align:left">{escape(text)}</td></tr>'
        for name, text in lines.items()
        if text
    )
    return f"<p><b>{escape(card.name)}</b></p><table>{cells}</table>"
