"""How files are spoilt: bytes at random places, and odd texts and values in the right ones."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

_NUMBERS = [
    value.to_bytes(size, order)
    for value in (0, 1, 0x7F, 0x80, 0xFF)
    for size in (1, 2, 4, 8)
    for order in ("little", "big")
] + [b"\xff" * size for size in (2, 4, 8)]
_NUMBERS += [((1 << (8 * size - 1)) - 1).to_bytes(size, "little") for size in (2, 4, 8)]

NUMBERS = ["0", "-1", "1e999", "nan", "inf", "-inf", "9" * 25, "9" * 5000, "1e-400", "0x10", "1_0", "١٢", " 1 ", "-0"]
"""Spellings of numbers that are none, or too large."""

texts = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "a",
            "b",
            "A",
            "+",
            "=1+1",
            "@x",
            "-",
            "CD4+",
            "\n",
            "\r",
            "\t",
            "\x00",
            "\x1b[31m",
            "\u202e",
            '"',
            "'",
            "#",
            "a#b",
            "/",
            "..",
            "../..",
            "~",
            "*",
            "[",
            "synthetic://0",
            "synthetic://x",
            "nan",
            "True",
            "x" * 300,
            "x" * 5000,
            "neutrophil",
            "lymphocyte",
            "unknown",
            "error",
            "path",
            "label",
            "é",
            "\ud7ff",
            "🧬",
            *NUMBERS,
        ]
    ),
    st.text(max_size=8),
)
"""Texts that stand in cells, names and keys; all of them valid Unicode."""

values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.integers(-3, 300), st.floats(), texts),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
"""What JSON and YAML can hold."""


@st.composite
def damaged(draw: st.DrawFn, seeds: Sequence[bytes], words: Sequence[bytes] = (b"\0",), least: int = 0) -> bytes:
    """One of some whole files with a few of its bytes changed, cut out, doubled, or words put between them."""
    data = draw(st.sampled_from(list(seeds)))
    for _ in range(draw(st.integers(least, 4))):
        data = _once(draw, data, words, ["byte", "number", "cut", "end", "double", "word", "move"])
    return data


@st.composite
def scratched(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """One of some whole files with one to four numbers in it changed, so that all else stays in its place."""
    data = draw(st.sampled_from(list(seeds)))
    for _ in range(draw(st.integers(1, 4))):
        data = _once(draw, data, (), ["byte", "number"])
    return data


def _once(draw: st.DrawFn, data: bytes, words: Sequence[bytes], cases: list[str]) -> bytes:
    # Most of a format's sense stands at its beginning.
    at = draw(st.integers(0, min(len(data), 64)) | st.integers(0, len(data)))
    length = draw(st.integers(0, 40))
    match draw(st.sampled_from(cases)):
        case "byte":
            return data[:at] + bytes([draw(st.integers(0, 255))]) + data[at + 1 :]
        case "number":
            number = draw(st.sampled_from(_NUMBERS))
            return data[:at] + number + data[at + len(number) :]
        case "cut":
            return data[:at] + data[at + length :]
        case "end":
            return data[:at]
        case "double":
            return data[: at + length] + data[at:]
        case "word":
            return data[:at] + draw(st.sampled_from(list(words))) + data[at:]
        case _:
            to = draw(st.integers(0, len(data)))
            return data[:to] + data[at : at + length] + data[to + length :]


@st.composite
def altered(draw: st.DrawFn, whole: Any) -> Any:
    """A tree of dicts and lists with some of its values replaced, taken away or renamed."""
    tree = whole
    for _ in range(draw(st.integers(1, 3))):
        tree = _altered_once(draw, tree)
    return tree


def _altered_once(draw: st.DrawFn, tree: Any) -> Any:
    if isinstance(tree, dict) and tree and draw(st.integers(0, 5)):
        key = draw(st.sampled_from(sorted(tree, key=str)))
        match draw(st.sampled_from(["inside", "inside", "inside", "gone", "named"])):
            case "inside":
                return {**tree, key: _altered_once(draw, tree[key])}
            case "gone":
                return {name: value for name, value in tree.items() if name != key}
            case _:
                return {draw(texts) if name == key else name: value for name, value in tree.items()}
    if isinstance(tree, list) and tree and draw(st.integers(0, 3)):
        place = draw(st.integers(0, len(tree) - 1))
        return [*tree[:place], _altered_once(draw, tree[place]), *tree[place + 1 :]]
    return draw(values)
