from hemascope.notebook import drawn


def test_what_is_drawn_is_escaped() -> None:
    shown = drawn("<a>", ["&", "n"], [["<b>", 1]], "c < d")
    assert "<b>&lt;a&gt;</b>" in shown
    assert ">&amp;</th>" in shown
    assert ">&lt;b&gt;</td><td>1</td>" in shown
    assert "<div>c &lt; d</div>" in shown


def test_a_table_without_rows_is_left_out() -> None:
    assert drawn("nothing", ["kind", "images"], []) == "<div><b>nothing</b></div>"


def test_an_empty_cell_is_empty() -> None:
    assert "<td></td>" in drawn("", ["a", "b"], [["x", None]])
