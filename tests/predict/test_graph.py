"""What a graph may hold is read from the file's bytes, before onnxruntime sees it."""

import re

import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import hemascope
from hemascope.errors import ModelFileError
from hemascope.predict import graph, modelfile, shipped
from hemascope.predict.graph import OPERATORS, check_graph
from tests.predict.hostile import REFUSED, edited
from tests.predict.model import write_model


@pytest.mark.parametrize("case", REFUSED)
def test_graphs_that_could_do_more_are_refused_unrun(tmp_path, case, monkeypatch):
    monkeypatch.setattr(modelfile, "open_session", lambda *_, **__: pytest.fail("it was given to onnxruntime"))
    change, words = REFUSED[case]
    with pytest.raises(ModelFileError, match=r"m\.onnx: refused, because its graph holds " + re.escape(words)):
        hemascope.load(edited(tmp_path / "m.onnx", change))


def test_what_is_hidden_behind_a_second_graph_is_seen(tmp_path):
    """Readers of the format join a message that comes twice."""
    path = write_model(tmp_path / "m.onnx")
    nodes = [helper.make_node("RandomNormal", [], ["x"], shape=[10])]
    hidden = onnx.ModelProto(graph=onnx.GraphProto(node=nodes)).SerializeToString()
    path.write_bytes(path.read_bytes() + hidden)
    with pytest.raises(ModelFileError, match="the operator 'RandomNormal'"):
        check_graph(path)


def test_a_graph_has_no_end_of_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(graph, "MAX_PARTS", 1000)
    path = edited(
        tmp_path / "m.onnx",
        lambda model: model.graph.node.extend(helper.make_node("Abs", ["mean"], [f"x{i}"]) for i in range(400)),
    )
    with pytest.raises(ModelFileError, match="more than 1,000 parts"):
        check_graph(path)


@pytest.mark.parametrize("content", [b"\x3a\xff\xff\xff\xff\x7f", b"\x0b", b"\x80" * 20, b"\x3a\x02\x0a"])
def test_damaged_bytes_are_said(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match="not a usable ONNX file"):
        check_graph(path)


def test_a_sparse_file_is_not_read(tmp_path):
    with (tmp_path / "m.onnx").open("wb") as file:
        file.truncate(40 << 30)
    with pytest.raises(ModelFileError, match=r"m\.onnx: a model file of 42,949,672,960 bytes"):
        hemascope.load(tmp_path / "m.onnx")


def test_the_operators_are_those_of_the_standard():
    known = {schema.name for schema in onnx.defs.get_all_schemas_with_history() if schema.domain == ""}
    assert known >= OPERATORS - {"Attention", "RMSNormalization", "Swish"}  # of standards after those of this onnx
    assert not {"Loop", "If", "Scan", "SequenceMap", "RandomNormal", "NonZero"} & OPERATORS


@pytest.mark.parametrize("name", shipped.names())
def test_the_shipped_models_would_pass(name):
    check_graph(shipped.find(name))


def test_weights_in_the_file_may_be_large(tmp_path):
    tensor = numpy_helper.from_array(numpy_helper.to_array(TensorProto(dims=[0], data_type=1)).repeat(0), "none")
    check_graph(edited(tmp_path / "m.onnx", lambda model: model.graph.initializer.append(tensor)))
