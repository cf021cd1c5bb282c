import json
import os
import shutil
import threading
from collections import deque

import numpy as np
import pytest
from PIL import Image

import hemascope
from hemascope.errors import SourceError
from hemascope.fields import spread
from hemascope.fields.slides.windows import SIDE
from hemascope.fields.spread import _taken
from hemascope.predict import place
from hemascope.predict.cut import Entry, Part
from tests.cluster import lose, two_nodes
from tests.fields.slides.made import write_pyramid
from tests.fields.test_run import contents
from tests.fields.toy import BACKGROUND, small_field
from tests.progress import Told

__all__ = ["two_nodes"]


@pytest.fixture
def job(detector_file, model_file, field_folder, tmp_path, monkeypatch):
    """Counts 16 fields in parts of two, among them a broken one and windows of two slides; arguments are added."""
    monkeypatch.setattr(spread, "FIELDS", 2)
    folder = tmp_path / "fields"
    shutil.copytree(field_folder, folder)
    whole = sorted(path for path in folder.iterdir() if path.suffix == ".png" and path.stat().st_size > 100)
    for number in range(6):
        shutil.copy(whole[number % len(whole)], folder / f"more_{number}.png")
    images = [Image.open(path).convert("RGB") for path in whole[:2]]
    images[0].save(folder / "pages.tif", save_all=True, append_images=images[1:])
    np.savez(tmp_path / "fields.npz", images=np.stack([np.asarray(images[0])] * 2))
    slide = np.full((200, SIDE + 300, 3), BACKGROUND, np.uint8)  # its second window is blank
    slide[:, :260] = small_field()
    for where in (folder, tmp_path):
        write_pyramid(where / "slide.tif", slide)

    def count(output=None, **options):
        sources = [folder, tmp_path / "fields.npz", tmp_path / "slide.tif"]
        return hemascope.count(sources, model_file, detector=detector_file, output=output, **options)

    return count


def test_a_count_on_a_cluster_is_that_of_this_machine_to_the_byte(job, tmp_path, two_nodes):
    options = {"crops": True, "overlays": True, "rois": False}
    here = job(tmp_path / "here" / "out", **options)
    progress = Told()
    there = job(tmp_path / "there" / "out", on="ray", progress=progress, **options)
    assert there.fields == here.fields == 16
    assert contents(tmp_path / "there" / "out") == contents(tmp_path / "here" / "out")
    slides = json.loads((tmp_path / "there" / "out" / "count.json").read_text())["slides"]
    assert [(one["windows"], one["read"], one["blank"]) for one in slides] == [(2, 1, 1)] * 2
    assert progress.counts == list(range(1, 17))
    again = Told()
    memory = job(on="ray", workers=1, progress=again)
    assert list(memory.rows()) == list(here.rows())
    assert memory.differential == here.differential
    surveys = [[line for line in told.lines if "of 2 windows" in line] for told in (progress, again)]
    assert surveys[0] == surveys[1]
    assert len(surveys[0]) == 2


def test_a_count_that_was_stopped_goes_on_and_a_lost_machine_costs_its_part_alone(
    job, tmp_path, monkeypatch, two_nodes
):
    job(tmp_path / "whole" / "out")
    made = []
    each = place.Cluster.each

    def kept(self, parts, make, *arguments):
        def seen():
            for number, part in parts:
                made.append(number)
                yield number, part

        yield from each(self, seen(), make, *arguments)

    class Killed(Told):
        def done(self, count, total=None, note=""):
            super().done(count, total, note)
            if count == 5:
                raise KeyboardInterrupt

    monkeypatch.setattr(place.Cluster, "each", kept)
    with pytest.raises(KeyboardInterrupt):
        job(tmp_path / "out", on="ray", progress=Killed())
    with pytest.raises(SourceError, match="an interrupted run left this"):
        job(tmp_path / "out", on="ray")
    waiting = {path.name for path in (tmp_path / "out" / ".count" / "parts").iterdir()}

    class Losing(Told):
        def done(self, count, total=None, note=""):
            super().done(count, total, note)
            if count == 7:
                threading.Thread(target=lose, args=[two_nodes]).start()

    made.clear()
    progress = Losing()
    job(tmp_path / "out", on="ray", resume=True, progress=progress)
    assert contents(tmp_path / "out") == contents(tmp_path / "whole" / "out")
    assert min(made) >= 2
    assert not {f"part-{number:05d}" for number in made} & waiting
    assert len(made) == len(set(made))
    assert not (tmp_path / "out" / ".count").exists()


def test_fields_that_are_done_are_told_by_their_names():
    part = Part(os.sep, tuple(Entry(path, path) for path in ("a.png", "b.tif", "c.svs")))
    for names, found in (
        ([], (False, 0)),
        (["a.png"], (False, 1)),
        (["a.png", "b.tif#0", "b.tif#1"], (False, 3)),
        (["a.png", "b.tif", "c.svs#0,0"], (False, 3)),  # more of its windows may follow
        (["a.png", "b.tif", "c.svs#0,0", "d.png"], (True, 3)),
        (["a.png", "b.tif", "c.svs"], (True, 3)),
        (["x.png"], (False, 0)),
    ):
        assert _taken(part, deque(names)) == found
