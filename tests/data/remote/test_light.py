"""What has nothing to do with files elsewhere pays nothing for them."""

import json
import subprocess
import sys

from tests.predict.model import write_model
from tests.predict.pictures import encoded

SCRIPT = """
import json, sys
import hemascope
from hemascope.cli import main
for arguments in (["--help"], ["predict", "--help"], ["predict", "1.png", "-m", "model.onnx", "-o", "out.csv"]):
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code == 0, end.code
print(json.dumps([name for name in ("fsspec", "aiohttp", "s3fs", "asyncio", "botocore") if name in sys.modules]))
"""


def test_a_local_run_imports_nothing_of_it(tmp_path):
    write_model(tmp_path / "model.onnx")
    (tmp_path / "1.png").write_bytes(encoded("basophil"))
    done = subprocess.run([sys.executable, "-c", SCRIPT], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_without_the_package_the_extra_is_named(tmp_path):
    code = (
        "import sys; sys.modules['fsspec'] = None\n"
        "from hemascope.cli import main; main(['predict', 's3://bucket/1.png'])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "pip install 'hemascope[s3]'" in done.stderr
    assert "Traceback" not in done.stderr
