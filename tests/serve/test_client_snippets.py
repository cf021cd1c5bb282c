"""The snippets of docs/how-to/clients.md, as they stand there, ask a real service that is busy at first.

Those whose language is not on this machine are skipped: Debian's packages are named in the reasons.
"""

import csv
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import hemascope
from hemascope.data.smears import draw

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "clients.md").read_text("utf-8")
ADDRESS = "http://127.0.0.1:8000"
TOKEN = "open-sesame"
IMAGEJ = Path("/usr/share/java/ij.jar")

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are asked for as on Linux")


def needs(*programs, package):
    missing = [program for program in programs if shutil.which(program) is None]
    return pytest.mark.skipif(bool(missing), reason=f"needs {', '.join(missing)}: Debian's {package}")


def snippets(section, language):
    """The code of a section in a language."""
    return re.findall(
        rf"```{language}\n(.*?)```", PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0], re.DOTALL
    )


class Busy(ThreadingHTTPServer):
    """Passes requests on to a service, but for the first, which it answers as a busy one does."""

    daemon_threads = True

    def __init__(self, port):
        self.port = port
        self.seen = []
        super().__init__(("127.0.0.1", 0), _Passing)


class _Passing(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(self.path)
        if len(self.server.seen) == 1:
            problem = json.dumps({"status": 503, "title": "The service has too much to do", "detail": "Come again."})
            self._answer(503, "application/problem+json", problem.encode(), {"Retry-After": "1"})
            return
        passed = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        passed.request(
            "POST", self.path, body, {name: self.headers[name] for name in ("Content-Type", "Authorization")}
        )
        response = passed.getresponse()
        self._answer(response.status, response.headers["Content-Type"], response.read(), {})
        passed.close()

    def _answer(self, status, kind, body, headers):
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two drawn cells, a drawn field, and a file that is no picture."""
    folder = tmp_path_factory.mktemp("clients")
    for number, index in ((1, 6), (2, 4)):
        Image.fromarray(draw(0, index, 208).image).save(folder / f"cell_{number}.jpg", quality=95)
    field = np.vstack([np.hstack([draw(3, 4 * row + column, 240).image for column in range(4)]) for row in range(3)])
    Image.fromarray(field).save(folder / "field_1.jpg", quality=92)
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def busy(serve):
    server = Busy(serve("tiny", token=TOKEN))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def run(busy, folder):
    """Runs a program in the folder: gives what it prints. It has asked twice, as the first answer was 503."""

    def begin(*command, **environment):
        address = f"http://127.0.0.1:{busy.server_port}"
        environment = {**os.environ, "HEMASCOPE_URL": address, "HEMASCOPE_TOKEN": TOKEN, "no_proxy": "*", **environment}
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(busy.seen) >= 2
        return done.stdout

    return begin


def addressed(code, busy):
    """The code, which names a service in its head, with this one's address and token in place of those."""
    assert code.count(ADDRESS) == 1
    return code.replace(ADDRESS, f"http://127.0.0.1:{busy.server_port}").replace('token = ""', f'token = "{TOKEN}"')


@pytest.fixture(scope="module")
def cells(folder):
    """What the model says of the two cells: name and confidence."""
    classifier = hemascope.load("tiny")
    said = [classifier(str(folder / f"cell_{number}.jpg")) for number in (1, 2)]
    return [("unknown" if one.is_unknown else one.label, one.confidence) for one in said]


def told(printed, cells):
    """Check lines `file class confidence` of the two cells, and of the file that is none."""
    *lines, last = printed.strip().splitlines()
    for line, number, (label, confidence) in zip(lines, (1, 2), cells, strict=True):
        file, name, value = line.split()
        assert (file, name) == (f"cell_{number}.jpg", label)
        assert float(value) == pytest.approx(confidence, abs=1e-5)
    assert last == "notes.txt not a picture of a known format"


FILES = ("cell_1.jpg", "cell_2.jpg", "notes.txt")


@needs("curl", "jq", package="curl and jq")
def test_curl(run, cells):
    classify, count = snippets("curl", "sh")
    lines = run("bash", "-c", classify).splitlines()
    assert [line.split()[:2] for line in lines] == [[f"cell_{i + 1}.jpg", label] for i, (label, _) in enumerate(cells)]
    totals = json.loads(run("bash", "-c", count))
    assert totals["white"] >= 6
    assert totals["red"] >= 20


def test_python(run, cells):
    (code,) = snippets("Python", "python")
    told(run(sys.executable, "-c", code, *FILES), cells)


@needs("node", package="nodejs")
def test_javascript(run, cells, tmp_path):
    (code,) = snippets("JavaScript", "js")
    (tmp_path / "cells.mjs").write_text(code)
    told(run("node", str(tmp_path / "cells.mjs"), *FILES), cells)


@needs("Rscript", package="r-cran-httr2 and r-cran-jsonlite")
def test_r(run, cells, folder, tmp_path):
    if subprocess.run(
        ["Rscript", "-e", "library(httr2); library(jsonlite)"], capture_output=True, check=False
    ).returncode:
        pytest.skip("needs httr2 and jsonlite: Debian's r-cran-httr2 and r-cran-jsonlite")
    (code,) = snippets("R", "r")
    (tmp_path / "cells.R").write_text(code)
    run("Rscript", str(tmp_path / "cells.R"), *FILES)
    with (folder / "cells.csv").open(newline="") as file:
        *rows, last = csv.DictReader(file)
    assert [row["label"] for row in rows] == [label for label, _ in cells]
    assert [float(row["confidence"]) for row in rows] == pytest.approx([value for _, value in cells], abs=1e-5)
    assert (last["label"], last["error"]) == ("NA", "not a picture of a known format")


@pytest.mark.skipif(not IMAGEJ.is_file(), reason="needs ImageJ: Debian's imagej")
@needs("xvfb-run", "java", "curl", package="xvfb, default-jre and curl")
def test_imagej(run, busy, folder, cells, tmp_path):
    (macro,) = snippets("ImageJ", "java")
    middles = [(104, 104), (312, 104)]
    both = np.hstack([np.asarray(Image.open(folder / f"cell_{number}.jpg")) for number in (1, 2)])
    Image.fromarray(both).save(tmp_path / "both.png")
    regions = "".join(f'makeRectangle({x - 30}, {y - 20}, 60, 40); roiManager("add");\n' for x, y in middles)
    names = 'for (i = 0; i < 2; i++) print("named", call("ij.plugin.frame.RoiManager.getName", i));\n'
    body, functions = addressed(macro, busy).split("// The first text or number")
    (tmp_path / "cells.ijm").write_text(f'open("{tmp_path}/both.png");\n{regions}{body}{names}//{functions}')
    printed = run("xvfb-run", "-a", "java", "-cp", str(IMAGEJ), "ij.ImageJ", "-batch", str(tmp_path / "cells.ijm"))
    lines = [line.split() for line in printed.splitlines() if line]
    assert [line[1] for line in lines if line[0] != "named"] == [label for label, _ in cells]
    assert [line[1] for line in lines if line[0] == "named"] == [label for label, _ in cells]
    confidences = [float(line[2]) for line in lines if line[0] != "named"]
    assert confidences == pytest.approx([value for _, value in cells], abs=1e-2)  # the JPEGs became a PNG


STAND_INS = {
    "qupath/lib/regions/RegionRequest.groovy": """
package qupath.lib.regions
class RegionRequest {
    int x, y, width, height
    static RegionRequest createInstance(String path, double downsample, int x, int y, int width, int height) {
        assert downsample == 1.0d
        new RegionRequest(x: x, y: y, width: width, height: height)
    }
}
""",
    "qupath/lib/objects/classes/PathClass.groovy": """
package qupath.lib.objects.classes
class PathClass {
    String name
    static PathClass fromString(String name) { new PathClass(name: name) }
}
""",
}
QUPATH = """
class Slide {
    def picture = javax.imageio.ImageIO.read(new File("PICTURE"))
    String getPath() { "a slide" }
    int getWidth() { picture.width }
    int getHeight() { picture.height }
    def readRegion(RegionRequest it) { picture.getSubimage(it.x, it.y, it.width, it.height) }
}
class Shape { double x, y; double getCentroidX() { x }; double getCentroidY() { y } }
class Region {
    boolean annotation; Shape shape; def pathClass; Map<String, Number> measurements = [:]
    boolean isAnnotation() { annotation }
    Shape getROI() { shape }
}
@groovy.transform.Field Slide slide = new Slide()
@groovy.transform.Field List regions = [[true, 104, 104], [false, 0, 0], [true, 340, 80]].collect { annotation, x, y ->
    new Region(annotation: annotation, shape: new Shape(x: x, y: y))
}
def getCurrentServer() { slide }
def getSelectedObjects() { regions }
def fireHierarchyUpdate() { regions.each { println "now ${it.pathClass?.name} ${it.measurements.values()}" } }
"""


@needs("groovy", "java", package="groovy")
def test_qupath(run, busy, folder, cells, tmp_path):
    (script,) = snippets("QuPath", "groovy")
    both = np.hstack([np.asarray(Image.open(folder / f"cell_{number}.jpg")) for number in (1, 2)])
    Image.fromarray(both).save(tmp_path / "both.png")
    for name, code in STAND_INS.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(code)
    stand_ins = QUPATH.replace("PICTURE", str(tmp_path / "both.png"))
    (tmp_path / "cells.groovy").write_text(addressed(script, busy) + stand_ins)
    home = Path(shutil.which("java")).resolve().parents[1]
    command = ("groovy", "-cp", str(tmp_path), str(tmp_path / "cells.groovy"))
    # This Groovy calls methods of the client's hidden class, which QuPath's own, a later one, does not.
    opened = "--add-opens=java.net.http/jdk.internal.net.http=ALL-UNNAMED"
    lines = run(*command, JAVA_HOME=str(home), JAVA_OPTS=opened).splitlines()
    assert [line.split()[0] for line in lines if not line.startswith("now")] == [label for label, _ in cells]
    first, other, second = [line.split()[1] for line in lines if line.startswith("now")]
    assert [first, other, second] == [cells[0][0], "null", cells[1][0]]  # only annotations; at the edge moved inside
