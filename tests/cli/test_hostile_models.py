"""A model file that is none ends every command alike: exit code 2, one clear error, nothing written."""

import numpy as np
import pytest
from PIL import Image

from hemascope import cli
from tests.predict.hostile import REFUSED, TRIED, edited
from tests.predict.model import COLOURS, write_model

COMMANDS = {
    "predict": ["predict", "cells", "-m", "m.onnx", "-o", "out.csv"],
    "evaluate": ["evaluate", "cells", "-m", "m.onnx", "-o", "out"],
    "explain": ["explain", "cells", "-m", "m.onnx", "-o", "out"],
    "adapt": ["adapt", "m.onnx", "--unlabelled", "cells", "-o", "out.onnx"],
    "submit": ["submit", "m.onnx", "-o", "out.zip"],
    "serve": ["serve", "--model", "m.onnx", "--port", "0"],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    for name, colour in COLOURS.items():
        (tmp_path / "cells" / name).mkdir(parents=True)
        for number in range(12):
            picture = np.full((9, 9, 3), colour, np.uint8) - np.uint8(number)
            Image.fromarray(picture).save(tmp_path / "cells" / name / f"{number}.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("case", ["endless", "100 GB", "two rows", "card"])
def test_every_command_says_so(place, capsys, command, case):
    if case == "card":
        write_model(place / "m.onnx", card='{"format_version": 1, "name": "m", "classes": [[[]]], "input_size": 8}')
        words = "classes is not a list of different names"
    else:
        name = {"endless": "an endless loop", "two rows": "two rows an image"}.get(case, case)
        change, words = {**REFUSED, **TRIED}[name]
        edited(place / "m.onnx", change)
    with pytest.raises(SystemExit) as end:
        cli.main(COMMANDS[command])
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert words in said
    assert said.startswith("error: ")
    assert "m.onnx" in said
    assert sorted(path.name for path in place.iterdir()) == ["cells", "m.onnx"]
