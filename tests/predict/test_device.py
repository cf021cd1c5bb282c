import threading

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image

import hemascope
from hemascope.errors import DeviceError
from hemascope.fields.detector import load_detector
from hemascope.predict import device
from hemascope.predict.accelerators import ACCELERATORS
from hemascope.predict.device import ACCELERATED_BATCH, OneAtATime, check_there, discs
from hemascope.predict.devices import AUTO, CPU, DEVICES, VARIABLE
from tests.fields.toy import write_detector
from tests.predict.accelerator import pretend
from tests.predict.model import write_model
from tests.told import Told


@pytest.fixture(autouse=True)
def _still(monkeypatch):
    """Nothing is said by the environment, and a busy machine makes no accelerator slow that is not made so."""
    monkeypatch.delenv(VARIABLE, raising=False)
    seconds = device._seconds
    monkeypatch.setattr(device, "_seconds", lambda session, trial: max(0.1, seconds(session, trial)))


@pytest.fixture
def model(tmp_path):
    return write_model(tmp_path / "m.onnx")


@pytest.fixture
def cells():
    return discs(3, 32)


def test_every_device_but_the_cpu_is_an_accelerator():
    assert set(DEVICES) == {AUTO, CPU, *ACCELERATORS}


def test_without_an_accelerator_auto_is_the_cpu_and_says_nothing(model, monkeypatch):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["AzureExecutionProvider", "CPUExecutionProvider"])
    where = hemascope.load(model, threads=1).device
    assert (where.name, where.said, where.batch) == ("cpu", "", 8)
    assert hemascope.load(model, device="cpu").device.said == "on the CPU"


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "cpu:1", "mps:0"])
def test_a_device_that_there_is_none_of(model, name):
    with pytest.raises(DeviceError, match=r"is no device.*Give one of auto, cpu, cuda, mps, openvino, directml"):
        hemascope.load(model, device=name)


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("cuda", "onnxruntime-gpu"),
        ("cuda:1", "onnxruntime-gpu"),
        ("openvino", "onnxruntime-openvino"),
        ("directml", "onnxruntime-directml"),
        ("mps", "on a Mac"),
    ],
)
def test_a_device_that_is_not_there_names_its_package(model, monkeypatch, name, package):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(DeviceError, match=rf"has no .*it has cpu\..*{package}"):
        hemascope.load(model, device=name)
    with pytest.raises(DeviceError, match=package):
        load_detector(device=name)


def test_the_environment_says_where_nothing_else_does(model, monkeypatch):
    monkeypatch.setenv(VARIABLE, "tpu")
    with pytest.raises(DeviceError, match=r"'tpu' is no device \(HEMASCOPE_DEVICE\)"):
        hemascope.load(model)
    assert hemascope.load(model, device="cpu").device.name == "cpu"
    monkeypatch.setenv(VARIABLE, "cpu")
    pretend(monkeypatch, CUDA={})
    assert hemascope.load(model).device.name == "cpu"


def test_auto_takes_what_gives_the_same_sooner(model, monkeypatch, cells, capfd):
    runs = []
    asked = pretend(monkeypatch, OpenVINO={}, CUDA={"runs": runs})
    classifier = hemascope.load(model, threads=1)
    assert (classifier.device.name, classifier.device.said) == ("cuda", "on CUDA")
    assert classifier.batch == ACCELERATED_BATCH > 8
    assert [name for name, _ in asked.providers] == ["CUDAExecutionProvider"]  # the likely fastest is tried first
    assert asked.providers[0][1]["use_tf32"] == "0"
    runs.clear()
    many = np.resize(cells, (100, *cells.shape[1:]))
    found = classifier.probabilities(many)
    assert runs == [64, 36]
    np.testing.assert_allclose(found, hemascope.load(model, device="cpu").probabilities(many), atol=1e-6)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (
            RuntimeError("[ONNXRuntimeError] : 1 : FAIL : CUDA failure 35: driver is too old; GPU=0"),
            "driver is too old",
        ),
        (None, "onnxruntime left it out"),
        ({"takes": False}, "it runs no part of this network"),
        ({"off": 0.1}, "its answers are not those of the CPU"),
        ({"off": np.nan}, "its answers are not those of the CPU"),
    ],
)
def test_what_does_not_stand_the_trial_is_not_taken(model, monkeypatch, cells, how, why):
    pretend(monkeypatch, CUDA=how)
    classifier = hemascope.load(model, threads=1)
    assert classifier.device.name == "cpu"
    assert classifier.device.batch == 8
    assert classifier.device.said.startswith("CUDA failed: ")
    assert why in classifier.device.said
    assert classifier.device.said.endswith("; on the CPU")
    assert "\n" not in classifier.device.said
    assert classifier(cells[0]).label in classifier.classes
    with pytest.raises(DeviceError, match=rf"CUDA failed: .*{why}.*--device auto"):  # asked for, it is not replaced
        hemascope.load(model, device="cuda")


def test_auto_leaves_what_is_slower(model, monkeypatch):
    pretend(monkeypatch, CoreML={"slow": 0.3})
    said = hemascope.load(model, threads=1).device.said
    assert said.startswith("CoreML is slower here (3")
    assert said.endswith("; on the CPU")
    assert hemascope.load(model, device="mps").device.said == "on CoreML"  # asked for, it is taken


def test_auto_goes_on_to_the_next(model, monkeypatch):
    pretend(monkeypatch, CUDA=RuntimeError("no GPU"), OpenVINO={})
    where = hemascope.load(model, threads=1).device
    assert (where.name, where.said) == ("openvino", "CUDA failed: no GPU; on OpenVINO")


def test_several_options_are_tried_one_after_another(model, monkeypatch):
    asked = pretend(monkeypatch, OpenVINO={"takes": False})
    assert "runs no part" in hemascope.load(model).device.said
    assert [given["device_type"] for _, given in asked.providers] == ["GPU", "CPU"]


def test_one_of_several_gpus(model, monkeypatch):
    asked = pretend(monkeypatch, CUDA={})
    assert hemascope.load(model, device="cuda:1").device.name == "cuda:1"
    assert asked.providers[0][1]["device_id"] == "1"


def test_what_cannot_be_shared_runs_one_at_a_time():
    class Busy:
        def __init__(self):
            self.at_once, self.most = 0, 0

        def run(self, outputs, inputs):
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            threading.Event().wait(0.005)
            self.at_once -= 1
            return []

    busy = Busy()
    session = OneAtATime(busy)
    threads = [threading.Thread(target=session.run, args=((), {})) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert busy.most == 1


def test_a_detector_goes_the_same_way(tmp_path, monkeypatch):
    path = write_detector(tmp_path / "d.onnx")
    field = np.full((120, 120, 3), 230, np.uint8)
    field[50:63, 50:63, 0] = 20
    expected = load_detector(path, device="cpu").find(field, 1.0)
    pretend(monkeypatch, DmlExecutionProvider=None, Dml={})
    detector = load_detector(path, device="directml")
    assert detector.device.said == "on DirectML"
    found = detector.find(field, 1.0)
    assert len(found) == len(expected) == 1
    np.testing.assert_array_equal(found.boxes, expected.boxes)


def test_a_detector_that_finds_others_is_not_taken(monkeypatch):
    pretend(monkeypatch, Dml={"off": 2})
    assert "its answers are not those of the CPU" in load_detector().device.said


def test_predict_and_count_say_where(tmp_path, monkeypatch, cells):
    picture = tmp_path / "cell.png"
    Image.fromarray(cells[0]).save(picture)
    told = Told()
    assert len(hemascope.predict(picture, "tiny", device="cpu", threads=1, progress=told)) == 1
    assert "on the CPU" in told.said
    told = Told()
    hemascope.count(picture, "tiny", device="cpu", threads=1, progress=told)
    assert told.said.count("on the CPU") == 1  # for both networks, once
    pretend(monkeypatch, CUDA=RuntimeError("no GPU"))
    told = Told()
    hemascope.predict(picture, "tiny", threads=1, progress=told)
    assert "CUDA failed: no GPU; on the CPU" in told.said


def test_refused_before_any_work(monkeypatch):
    monkeypatch.setattr(ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert check_there("cpu") == "cpu"
    with pytest.raises(DeviceError, match="onnxruntime-gpu"):
        hemascope.adapt("tiny", "gone/", device="cuda")
