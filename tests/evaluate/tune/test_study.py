import pytest

from hemascope.errors import RunError
from hemascope.evaluate.tune.study import SETTINGS_NAME, check_settings, require_settings
from hemascope.train.recipe import Recipe


def test_a_search_is_gone_on_with_only_as_it_began(tmp_path):
    folder = tmp_path / "search"
    assert not check_settings(folder, {"epochs": 3})
    assert not folder.exists()
    require_settings(folder, {"epochs": 3, "keys": ("a",)})
    require_settings(folder, {"epochs": 3, "keys": ("a",)})
    with pytest.raises(RunError, match=r"other settings \(epochs\)"):
        require_settings(folder, {"epochs": 4, "keys": ("a",)})
    (folder / SETTINGS_NAME).write_text("{")
    with pytest.raises(RunError, match="cannot be read"):
        require_settings(folder, {})


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / ".search-x.json").touch()  # another process of the same search, about to be done
    assert not check_settings(tmp_path, {})
    (tmp_path / "note.txt").touch()
    with pytest.raises(RunError, match="holds files, but no search"):
        require_settings(tmp_path, {})


def test_a_search_of_before_a_recipe_had_a_key_is_gone_on_with(tmp_path):
    whole = Recipe().model_dump(mode="json")
    require_settings(tmp_path / "search", {"recipe": {key: value for key, value in whole.items() if key != "ema"}})
    assert check_settings(tmp_path / "search", {"recipe": whole})
    with pytest.raises(RunError, match=r"other settings \(recipe\)"):
        check_settings(tmp_path / "search", {"recipe": {**whole, "ema": 0.5}})
