"""A Run onto a hub on loopback, and back."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import yaml

import hemascope
from hemascope.cli import main
from hemascope.data.manifest import Manifest
from hemascope.errors import HemascopeError, HubError, ModelFileError, RunError
from hemascope.models.network import create_network
from hemascope.pipeline.push import push
from hemascope.predict.card import ModelCard
from hemascope.train.recipe_files import load_recipe
from hemascope.train.run import Run
from hemascope.train.start import new_network
from tests.hub import IGNORED, TOKEN, Hub, as_hub
from tests.networks import TINY_NETWORK
from tests.predict.model import CLASSES, write_model

pytest.importorskip("safetensors", reason='pip install "hemascope[hub]"')

pytestmark = pytest.mark.filterwarnings(IGNORED)


SCORE = {"value": 0.875, "low": 0.6, "high": 0.97, "images": 16, "split": "test"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What a training leaves, as far as it is pushed; its network has learnt nothing."""
    recipe = load_recipe("demo", ["input_size=32", "head.dropout=0.2", *TINY_NETWORK])
    manifest = Manifest.build(["1.png"] * 3, CLASSES, CLASSES, name="cells", licence="CC BY 4.0")
    run = Run.create(tmp_path_factory.mktemp("runs") / "tiny", recipe, manifest, {})
    network = new_network(recipe, len(CLASSES), pretrained=False)
    run.final_weights.parent.mkdir()
    torch.save(network.state_dict(), run.final_weights)
    card = ModelCard("mine", CLASSES, 32, data={"name": "cells", "licence": "CC BY 4.0"}, scores={"accuracy": SCORE})
    write_model(run.model_file, card=card.to_json())
    run.report_file.write_text("<html></html>")
    return run


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with as_hub(tmp_path / "hub", monkeypatch) as found:
        yield found


def test_a_run_goes_there_and_back(run: Run, hub: Hub) -> None:
    pushed = push(run.folder, "ada/cells", private=True)
    files = hub.files("ada/cells")
    assert set(files) == {".gitattributes", "README.md", "config.json", "model.onnx", "model.safetensors"}
    assert hub.repositories["ada/cells"].private
    assert pushed.commit == hub.repositories["ada/cells"].branches["main"]
    assert (pushed.url, pushed.without) == (f"{hub.url}/ada/cells/commit/{pushed.commit}", "")
    assert [line for line in hub.asked if "lfs/objects/batch" in line]  # the weights, which are large

    classifier = hemascope.load("hf://ada/cells")
    assert classifier.path.parent.name == pushed.commit
    assert classifier.path.read_bytes() == run.model_file.read_bytes()

    front = yaml.safe_load(files["README.md"].decode().split("---")[1])
    (metric,) = front["model-index"][0]["results"][0]["metrics"]
    assert (metric["type"], metric["value"], metric["args"]["low"]) == ("accuracy", 0.875, 0.6)
    assert (front["license"], front["datasets"]) == ("cc-by-4.0", ["cells"])
    assert "Not a medical device" in files["README.md"].decode()


def test_the_safetensors_are_the_network(run: Run, tmp_path: Path) -> None:
    from safetensors.torch import load_file

    push(run.folder, "ada/cells", output=tmp_path / "folder")
    told = json.loads((tmp_path / "folder" / "config.json").read_text())
    about = told["safetensors"]
    network = create_network(
        about["network"], classes=told["num_classes"], input_size=told["input_size"], pretrained=False, **about["head"]
    )
    network.load_state_dict(load_file(tmp_path / "folder" / "model.safetensors"))
    assert (about["mean"], about["std"]) == (list(network.description.mean), list(network.description.std))
    trained = torch.load(run.final_weights, weights_only=True)
    assert all(torch.equal(value, trained[name]) for name, value in network.state_dict().items())


def test_what_an_earlier_push_left_does_not_stay(run: Run, hub: Hub, tmp_path: Path) -> None:
    push(run.folder, "ada/cells", report=True)
    assert {"model.safetensors", "report.html"} <= set(hub.files("ada/cells"))
    hub.repositories["ada/cells"].commit("main", {**hub.files("ada/cells"), "notes.txt": b"mine"})
    write_model(tmp_path / "other.onnx")
    pushed = push(tmp_path / "other.onnx", "ada/cells", licence="mit")
    assert set(hub.files("ada/cells")) == {".gitattributes", "README.md", "config.json", "model.onnx", "notes.txt"}
    assert "in a Run alone" in pushed.without
    assert any(line.startswith("Without model.safetensors") for line in pushed.lines)
    assert hemascope.load("hf://ada/cells").card.name == "colours"


def test_a_shipped_model_to_a_branch(hub: Hub) -> None:
    push("tiny", "hf://ada/cells", revision="v1/next")
    repository = hub.repositories["ada/cells"]
    assert set(repository.branches) == {"main", "v1/next"}
    assert "model.onnx" not in hub.files("ada/cells")
    assert hemascope.load("hf://ada/cells@v1%2Fnext").card.name == "tiny"
    with pytest.raises(ModelFileError, match=r"holds no model\.onnx"):
        hemascope.load("hf://ada/cells")


def test_nothing_is_sent_where_that_is_asked(hub: Hub, tmp_path: Path) -> None:
    assert push("tiny", "ada/cells", dry_run=True).lines[-1] == "Nothing was sent."
    pushed = push("tiny", "ada/cells", output=tmp_path / "folder")
    assert {path.name for path in (tmp_path / "folder").iterdir()} == set(pushed.files)
    assert hub.asked == []
    with pytest.raises(HemascopeError, match="is not empty"):
        push("tiny", "ada/cells", output=tmp_path / "folder")


def test_what_cannot_be_pushed_is_said_before_anything_is_sent(hub: Hub, run: Run, tmp_path: Path) -> None:
    for name in ("cells", "ada/cells@main", "a/b/c/d"):
        with pytest.raises((HubError, ModelFileError)):
            push("tiny", name)
    with pytest.raises(HemascopeError, match=r"it has no report\.html to send"):
        push("tiny", "ada/cells", report=True)
    (tmp_path / "unfinished").mkdir()
    (tmp_path / "unfinished" / "run.json").write_text("{}")
    with pytest.raises(RunError, match="not finished"):
        push(tmp_path / "unfinished", "ada/cells")
    with pytest.raises(ModelFileError, match="neither a shipped model nor a file"):
        push("nothing", "ada/cells")
    assert hub.asked == []


def test_a_public_repository_is_not_taken_for_a_private_one(hub: Hub) -> None:
    hub.add("ada/cells", {"README.md": b"#"})
    with pytest.raises(HubError, match="is there already, and public"):
        push("tiny", "ada/cells", private=True)
    assert set(hub.files("ada/cells")) == {"README.md"}


def test_what_the_hub_refuses_is_said_without_the_token(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(name: str = "ada/cells") -> str:
        with pytest.raises(SystemExit) as end:
            main(["push", "tiny", name])
        assert end.value.code == 2
        return capsys.readouterr().err

    hub.refuse["commit"] = (403, "")
    assert "ada/cells: the token may not do that" in said()
    hub.refuse = {"commit": (503, "")}
    assert "ada/cells: the hub refuses: " in (words := said())
    assert TOKEN not in words
    assert set(hub.files("ada/cells")) == {".gitattributes"}
    hub.refuse.clear()
    monkeypatch.setenv("HF_TOKEN", "hf_another")
    assert "ada/new: the hub does not know the token" in (words := said("ada/new"))
    assert "hf_another" not in words
    monkeypatch.delenv("HF_TOKEN")
    assert "wants to know who you are" in said()
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    assert "the hub cannot be reached" in said()


def test_a_command_says_where_it_is(hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["push", "tiny", "ada/cells"])
    assert not end.value.code
    out = capsys.readouterr().out.replace("\n", " ")
    assert "Pushed: " in out
    assert "-m hf://ada/cells" in out
    assert TOKEN not in out
