"""The shipped model and real cells, from the folder to the table and back."""

import shutil

from hemascope.predict.shipped import DEFAULT, find
from tests.serve.page.acts import done, saved

PER_CLASS = 4


def test_real_cells_are_classified_and_counted(visit, pbc, tmp_path):
    for folder in sorted((pbc / "val").iterdir()):
        for file in sorted(folder.iterdir())[:PER_CLASS]:
            (tmp_path / "cells" / folder.name).mkdir(parents=True, exist_ok=True)
            shutil.copy(file, tmp_path / "cells" / folder.name)
    page = visit(find(DEFAULT))
    page.locator("#folder").set_input_files(tmp_path / "cells")
    done(page, 8 * PER_CLASS)
    rows = saved(page, "Results")
    right = sum(row["path"].split("/")[1] == row["label"] for row in rows)
    assert right >= 0.9 * len(rows)
    seen = {row["label"]: row["appearance"] for row in rows if row["appearance"]}
    assert "red granules" in seen["eosinophil"]
    assert "platelet" not in seen
    platelets = page.locator("#differential tr", has_text="Platelet").locator("td").first
    assert platelets.inner_text() == str(sum(row["label"] == "platelet" and row["is_unknown"] != "1" for row in rows))
