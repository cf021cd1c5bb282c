import pandas as pd

from hemascope.report.audit_classes import draw_before_after


def test_drawn_with_words_for_those_who_do_not_see_it() -> None:
    counts = pd.DataFrame(
        {"before": [30, 20, 5], "dropped": [10, 0, 5], "after": [20, 20, 0], "review": [3, 0, 0]},
        index=["monocyte", "platelet", ""],
    )
    drawn = draw_before_after(counts)
    words = "Images by class: Monocyte 30 before and 20 after, Platelet 20 before and 20 after, No label 5 before"
    assert f'aria-label="{words} and 0 after."' in drawn
    assert "stays, for review" in drawn
