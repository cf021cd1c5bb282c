import pytest

from hemascope.errors import ModelFileError
from hemascope.predict import rows
from hemascope.predict.card import ModelCard
from hemascope.predict.layout import Layout


class Model:
    classes = ("a", "b")
    unknown_threshold = None
    card = ModelCard("m", ("a", "b"), 8, conformal={"coverage": [0.9], "thresholds": [0.4]})


@pytest.mark.parametrize("classes", [("path", "a"), ("a", "error"), ("a", "a")])
def test_classes_named_as_another_column_are_refused(classes):
    with pytest.raises(ModelFileError, match="do not fit"):
        Layout(classes)


def test_a_class_may_be_called_unknown_where_there_is_no_score():
    assert Layout(("unknown", "a")).columns.count("unknown") == 1
    with pytest.raises(ModelFileError, match="do not fit"):
        Layout(("unknown", "a"), unknown=0.5)


def test_of_a_model_it_has_what_the_model_gives():
    assert Layout.of(Model()) == Layout(("a", "b"))
    assert Layout.of(Model(), 0.9).set == 0.4
    with pytest.raises(ModelFileError, match=r"no prediction sets of coverage 0\.5.*one of 0\.9"):
        Layout.of(Model(), 0.5)


@pytest.mark.parametrize("unknown", [None, 0.1])
@pytest.mark.parametrize("least", [None, 0.3])
def test_it_is_read_back_from_a_schema(unknown, least):
    layout = Layout(("a", "b"), unknown, least)
    assert Layout.of_schema(rows.schema(layout, {"other": "key"})) == layout
