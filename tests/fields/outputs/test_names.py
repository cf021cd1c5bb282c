"""Names of files made of the names of fields."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.fields.outputs.names import Stems, safe_name


@settings(max_examples=60, deadline=None)
@given(st.text("aZ0._-+= /\\:#*é細\0\n\udce9", max_size=100) | st.sampled_from(["con", "COM1.png", "nul.", "a" * 300]))
def test_a_name_stays_one_part_of_a_path(text: str) -> None:
    name = safe_name(text)
    assert Path(name).name == name
    assert 0 < len(name) <= 81
    assert not name.startswith(".")
    assert safe_name(name) == name


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text("aA/._-#\\1 é", max_size=8), max_size=12))
def test_no_two_fields_share_a_name_and_the_order_alone_decides(fields: list[str]) -> None:
    stems, again = Stems(), Stems()
    found = {field: stems.of(field) for field in fields}
    assert len({name.casefold() for name in found.values()}) == len(found)
    assert [again.of(field) for field in found] == list(found.values())


def test_the_last_part_without_its_suffix_names_the_files() -> None:
    stems = Stems()
    assert stems.of("slides/monday.zip#inner/field 01.jpeg") == "field_01"
    assert stems.of("C:\\smears\\b.tif") == "b"
    assert stems.of("scan.svs#x0_y2048") == "x0_y2048"
    assert stems.of("1.5x") == "1.5x"
