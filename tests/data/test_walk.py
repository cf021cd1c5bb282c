from pathlib import Path

import pytest

from hemascope.data.walk import glob_root, matches, walk


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("f/b/2.png", "f/b/10.JPG", "f/a.jpeg", "f/c.txt", "f/.hidden.png", "f/.git/x.png", "f/__MACOSX/x.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def paths(found):
    assert not any(error for _, error in found)
    return [path for path, _ in found]


def test_every_visible_file_sorted_by_name(here: Path) -> None:
    assert paths(list(walk("f"))) == ["f/a.jpeg", "f/b/10.JPG", "f/b/2.png", "f/c.txt"]
    assert paths(list(walk(f"{here}/f")))[0] == f"{here}/f/a.jpeg"


def test_a_link_to_a_folder_above_is_not_followed_but_others_are(here: Path) -> None:
    (here / "f" / "z").symlink_to(here / "f", target_is_directory=True)
    (here / "g").mkdir()
    (here / "g" / "1.png").touch()
    (here / "f" / "y").symlink_to(here / "g", target_is_directory=True)
    assert paths(list(walk("f")))[-1] == "f/y/1.png"


def test_a_folder_is_looked_into_once_whatever_links_to_it(here: Path) -> None:
    (here / "f" / "a").symlink_to(here / "f" / "b", target_is_directory=True)  # found without the link too
    for name in ("1.png", "more/2.png"):
        (here / "g" / name).parent.mkdir(parents=True, exist_ok=True)
        (here / "g" / name).touch()
    (here / "g" / "more" / "back").symlink_to(here / "g", target_is_directory=True)
    for name in ("y", "z"):
        (here / "f" / name).symlink_to(here / "g", target_is_directory=True)
    assert paths(list(walk("f"))) == ["f/a.jpeg", "f/b/10.JPG", "f/b/2.png", "f/c.txt", "f/y/1.png", "f/y/more/2.png"]


def test_a_link_into_a_hidden_folder_is_followed(here: Path) -> None:
    (here / "f" / "y").symlink_to(here / "f" / ".git", target_is_directory=True)
    assert paths(list(walk("f")))[-1] == "f/y/x.png"


def test_globs_go_round_no_loop(here: Path) -> None:
    for name in ("one", "two"):
        (here / "f" / "b" / name).symlink_to(here / "f", target_is_directory=True)
    inside = ["f/b/10.JPG", "f/b/2.png"]
    assert paths(list(matches("f/**/*"))) == ["f/a.jpeg", *inside]
    assert paths(list(matches("f/**/b/*"))) == inside
    assert paths(list(matches("**/b/**/*.png"))) == ["f/b/2.png"]
    assert paths(list(matches("f/*/*/*/*.png"))) == []


def test_a_folder_that_cannot_be_looked_into_says_so(here: Path) -> None:
    assert list(walk("gone")) == [("gone", "gone: No such file or directory")]


def test_globs_take_tables_only_where_they_ask_for_them(here: Path) -> None:
    for name in ("f/out.csv", "f/out.parquet", "f/more.tar", "f/more.npz"):
        (here / name).touch()
    assert paths(list(matches("f/*.*"))) == ["f/a.jpeg", "f/more.npz", "f/more.tar"]
    assert paths(list(matches("f/*.csv"))) == ["f/out.csv"]
    assert paths(list(matches("f/o*.parquet"))) == ["f/out.parquet"]
    assert paths(list(matches("f/*.txt"))) == []


@pytest.mark.parametrize(
    ("pattern", "root"),
    [("*.png", "."), ("a/b/*/c.png", "a/b"), ("/a/[bc]/d", "/a"), ("a/**", "a"), ("../x*/y", ".."), ("a/b.png", "a")],
)
def test_a_glob_begins_where_its_first_wildcard_is(pattern: str, root: str) -> None:
    assert glob_root(pattern) == root
