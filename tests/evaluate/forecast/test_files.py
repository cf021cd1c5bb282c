import json

import pytest

from hemascope.errors import RunError
from hemascope.evaluate.forecast.files import FILE_NAME, read_forecast, remove_forecast, write_forecast


def test_reads_what_it_wrote(tmp_path):
    assert read_forecast(tmp_path) is None
    write_forecast(tmp_path, local={"images": 1}, transformed={}, unlabelled={"name": "é"}, estimator={})
    found = read_forecast(tmp_path)
    assert found is not None
    assert (found["level"], found["local"], found["unlabelled"]) == (0.9, {"images": 1}, {"name": "é"})
    remove_forecast(tmp_path)
    remove_forecast(tmp_path)
    assert read_forecast(tmp_path) is None


@pytest.mark.parametrize("content", ["{", "[]", '{"format_version": 1}', '{"format_version": 99}'])
def test_what_cannot_be_read_is_said(tmp_path, content):
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(RunError, match=r"forecast") as said:
        read_forecast(tmp_path)
    assert "Delete it" in said.value.remedy
    write_forecast(tmp_path, local={}, transformed={}, unlabelled={}, estimator={})
    assert json.loads((tmp_path / FILE_NAME).read_text())["format_version"] == 1
