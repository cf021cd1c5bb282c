"""Figures as small inline SVG that takes its colours and letters from the page around it."""

import base64
import html
import io
import re
import warnings
from collections.abc import Callable
from importlib.resources import files
from typing import Any, ParamSpec, TypeVar
from xml.etree import ElementTree

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from hemascope.cells import title

# Drawn in these colours, shown in the page's own: so one figure serves light, dark and paper.
INK, MUTED, GRID, PAPER = "#010101", "#020202", "#030303", "#040404"
ACCENT, SECOND, WRONG, ON_ACCENT = "#050505", "#060606", "#070707", "#080808"
_ON_PAGE = {
    INK: "currentColor",
    MUTED: "var(--muted)",
    GRID: "var(--rule)",
    PAPER: "var(--card)",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    WRONG: "var(--wrong)",
    ON_ACCENT: "var(--on-accent)",
}
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "hemascope",
    "text.parse_math": False,  # a class may be called a$b$
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": 9,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "figure.constrained_layout.use": True,
}
_LONGEST = 22  # letters
_LARGEST = 1.15  # of the size it is drawn for: a figure alone in a wide page would be a screen tall
_HREF = "{http://www.w3.org/1999/xlink}href"
_NUMBERS = ("d", "x", "y", "width", "height", "transform", "viewBox", "points", "cx", "cy", "r")


P = ParamSpec("P")
T = TypeVar("T")


def styled(draw: Callable[P, T]) -> Callable[P, T]:
    """Let a drawer draw in the report's style, whatever style the user's matplotlib has."""
    return mpl.rc_context(_STYLE)(draw)


def canvas(width: float, height: float, rows: list[float] | None = None) -> tuple[Figure, list[Axes]]:
    """An empty figure of ``width`` x ``height`` inches with one axes, or one above the other of given heights."""
    figure = Figure(figsize=(width, height))
    grid = figure.subplots(len(rows or [1]), 1, sharex=True, squeeze=False, height_ratios=rows)
    return figure, list(grid[:, 0])


def label(name: str) -> str:
    """A class's name for an axis, cut where it would leave no room for the figure.

    >>> label("immature_granulocyte"), label("megakaryocyte_with_emperipolesis")
    ('Immature granulocyte', 'Megakaryocyte with em…')
    """
    text = title(name)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def inline(figure: Figure, name: str, description: str) -> Markup:
    """The figure as SVG for the inside of a page.

    Args:
        figure: from `canvas`.
        name: unique in the page; the figure's ids start with it.
        description: what it shows, for those who do not see it.
    """
    written = io.StringIO()
    about = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")  # the reader's fonts draw it, not ours
        figure.savefig(written, format="svg", transparent=True, metadata=about)
    root = ElementTree.fromstring(written.getvalue())
    for parent in root.iter():
        for child in list(parent):
            if child.tag.endswith("}metadata"):
                parent.remove(child)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {key.rpartition("}")[2]: _attribute(key, value, name) for key, value in element.attrib.items()}
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    width = round(_LARGEST * 96 * figure.get_figwidth())  # 96 of the page's pixels an inch
    root.attrib |= {"role": "img", "aria-label": description, "class": "figure", "style": f"max-width: {width}px"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))


def picture(figure: Markup) -> str:
    """A figure of `inline` as an image of its own, for a notebook, whose page has other colours and no style for it.

    The colours are those of the report in the light, on its paper, so that it can be read in a dark notebook too.
    """
    style = files("hemascope.report").joinpath("templates/style.css").read_text("utf-8")
    light = dict(re.findall(r"(--[\w-]+): (#\w+);", style[: style.index("}")]))
    text = re.sub(r"var\((--[\w-]+)\)", lambda name: light[name[1]], figure).replace("currentColor", light["--ink"])
    root = ElementTree.fromstring(text)
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    root.attrib |= {"xmlns": "http://www.w3.org/2000/svg", "width": f"{width:g}pt", "height": f"{height:g}pt"}
    root.attrib["style"] = f"background: {light['--card']}; font-family: system-ui, sans-serif"
    data = base64.b64encode(ElementTree.tostring(root)).decode()
    return f'<img alt="{html.escape(root.attrib["aria-label"])}" src="data:image/svg+xml;base64,{data}">'


def _attribute(key: str, value: str, name: str) -> str:
    if key == "id":
        return f"{name}-{value}"
    if key == _HREF:
        return f"#{name}-{value.removeprefix('#')}"
    if key == "style":
        for drawn, shown in _ON_PAGE.items():
            value = value.replace(drawn, shown)
        # Of the font only the size stays: the family is the page's.
        value = re.sub(r"font: ([\d.]+px)[^;]*", r"font-size: \1", re.sub(r"font-family:[^;]*;? ?", "", value))
    elif key in _NUMBERS:
        value = re.sub(r"-?\d+\.\d+", lambda number: f"{float(number[0]):.2f}".rstrip("0").rstrip("."), value)
    return value.replace("url(#", f"url(#{name}-")
