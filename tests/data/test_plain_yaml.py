"""YAML of strangers: refused in bounded time, memory and words."""

from pathlib import Path

import pytest

from hemascope.data.plain_yaml import LARGEST, parse, read
from hemascope.errors import RecipeError

BOMB = "\n".join(["a0: &a0 [x, x, x, x, x, x, x, x, x]"] + [
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)
])  # fmt: skip
"""Some hundred bytes that stand for 3.5 billion texts."""


def test_plain_values_are_read() -> None:
    assert parse("a: {b: [1, 2.5, true, null, text]}", "recipe") == {"a": {"b": [1, 2.5, True, None, "text"]}}
    assert parse("", "recipe") is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, r"\*a0: aliases are not read"),
        ("a: &a {b: 1}\nc:\n  <<: *a", r"\*a: aliases are not read"),
        ("[" * 100_000, "more than 32 lists or keys inside each other"),
        ("? " * 100_000, "more than 32 lists or keys inside each other"),
        ("- " * 100_000, "more than 32 lists or keys inside each other"),
        ("seed: " + "9" * 5000, "4300 digits"),
        ("day: 2020-99-99", "month must be in 1..12"),
        ("a: !!python/object:os.system {}", "could not determine a constructor"),
        ("a: [1", "not valid YAML"),
    ],
)
def test_what_is_no_recipe_is_refused_in_few_words(text: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words) as refused:
        parse(text, "recipe mine")
    assert str(refused.value).startswith("recipe mine: not valid YAML")
    assert len(str(refused.value)) < 400


def test_a_file_is_read_no_further_than_a_recipe_goes(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"#" * (LARGEST + 1))
    with pytest.raises(RecipeError, match=r"mine\.yaml: has more than 262,144 bytes"):
        read(path)
    path.write_bytes(b"name: \xff")
    with pytest.raises(RecipeError, match=r"mine\.yaml: cannot be read"):
        read(path)
