import json

from hypothesis import given
from hypothesis import strategies as st

from hemascope.data.manifest import Manifest
from hemascope.evaluate.not_scored import NotScored


def rows(labels, errors=(), verdicts=()):
    made = Manifest.build([f"/{i}" for i in range(len(labels))], labels, sorted({*labels} - {""}))
    table = made.table
    errors = [*errors, *[""] * (len(labels) - len(errors))]
    verdicts = [*verdicts, *["keep"] * (len(labels) - len(verdicts))]
    return made.with_columns(error=errors, verdict=verdicts) if len(table) else made


def test_each_image_counts_for_one_reason():
    found = NotScored.of(
        rows(["x", "y", "", "z", "z", "", "x"], errors=["broken", "broken"], verdicts=["drop", "keep", "drop"]), ["x"]
    )
    assert found == NotScored(7, {"z": 2}, 1, 2, 1)
    assert found.images == 6
    assert NotScored.from_json(json.loads(json.dumps(found.to_json()))) == found
    assert found.to_json()["images"] == 6


def test_words_name_the_labels_and_are_silent_where_all_is_scored():
    assert NotScored(5, {}, 0, 0, 0).words() == []
    said = NotScored(1100, {f"c{i}": 9 for i in range(10)}, 1000, 0, 2).words()
    assert said[1].startswith("Not scored, because the model does not know the label: 90, labelled c0 (9), c1 (9)")
    assert "c7 (9) and 2 more." in said[1]
    assert said[2:] == ["Not scored, because unlabelled: 1,000.", "Not scored, because a verdict dropped them: 2."]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["x", "y", "z", ""]), st.sampled_from(["", "bad"]), st.sampled_from(["keep", "drop"])
        ),
        min_size=1,
        max_size=30,
    )
)
def test_scored_and_not_scored_are_all(drawn):
    labels, errors, verdicts = map(list, zip(*drawn, strict=True))
    manifest = rows(labels, errors, verdicts)
    found = NotScored.of(manifest, ["x", "y"])
    assert found.given - found.images == int(manifest.known(["x", "y"]).sum())
