import re

import pytest

from hemascope.cli import main
from hemascope.models.catalogue import CATALOGUE


def test_networks_lists_names_sizes_and_weights(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tuple(entry for entry in CATALOGUE if entry.title in ("VanillaCNN", "VGG16", "EfficientNet-Lite0"))
    monkeypatch.setattr("hemascope.models.catalogue.CATALOGUE", chosen)
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as end:
        main(["networks"])
    assert not end.value.code
    lines = capsys.readouterr().out.splitlines()
    assert all(len(line) <= 80 for line in lines)
    rows = [re.split(r"\s{2,}", line.strip()) for line in lines[1:4]]
    assert rows == [
        ["VanillaCNN", "vanilla_cnn", "0.4 M", "16 px", "none"],
        ["VGG16", "vgg16", "14.7 M", "32 px", "timm's hub"],
        ["EfficientNet-Lite0", "tf_efficientnet_lite0", "3.4 M", "16 px", "package"],
    ]
