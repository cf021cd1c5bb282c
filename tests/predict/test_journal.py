import os

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import hemascope
from hemascope.errors import ModelFileError, SourceError, WriteError
from hemascope.predict import rows
from hemascope.predict.journal import Journal
from hemascope.predict.rows import Layout
from hemascope.predict.stream import Block
from tests.predict.model import write_model


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    return hemascope.load(write_model(tmp_path_factory.mktemp("model") / "m.onnx"))


def block(start, n, failed=()):
    probabilities = np.random.default_rng(start).dirichlet([1, 1, 1], n).astype(np.float32)
    errors = ["bad" if i in failed else "" for i in range(n)]
    probabilities[list(failed)] = np.nan
    return Block([f"{start + i}.png" for i in range(n)], probabilities, errors)


def test_what_was_appended_is_there_again(classifier, tmp_path):
    with Journal.create(tmp_path / "j", classifier) as journal:
        journal.append(block(0, 5, failed=(2,)))
        journal.append(block(5, 3))
    with Journal.resume(tmp_path / "j", classifier) as journal:
        assert (journal.rows, journal.failed) == (8, 1)
        journal.append(block(8, 2, failed=(0, 1)))
        assert (journal.rows, journal.failed) == (10, 3)
        assert list(journal.paths()) == [f"{i}.png" for i in range(10)]


def three_batches(path, classifier):
    """Write a journal of three batches of four rows; where its head and each of them end."""
    with Journal.create(path, classifier) as journal:
        ends = [path.stat().st_size]
        for i in range(3):
            journal.append(block(4 * i, 4))
            ends.append(path.stat().st_size)
    return ends


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 5000))
def test_cut_anywhere_it_keeps_the_whole_batches(classifier, tmp_path, cut):
    path = tmp_path / "j"
    ends = three_batches(path, classifier)
    data = path.read_bytes()
    end = ends[0] + cut % (len(data) - ends[0] + 1)
    path.write_bytes(data[:end])
    whole = sum(end >= batch for batch in ends[1:])
    with Journal.resume(path, classifier) as journal:
        assert journal.rows == 4 * whole
        assert path.stat().st_size == ends[whole]
        journal.append(block(4 * whole, 4))
        assert list(journal.paths()) == [f"{i}.png" for i in range(4 * whole + 4)]


def test_zeros_at_the_end_as_a_power_cut_leaves_them_are_cut_off(classifier, tmp_path):
    with Journal.create(tmp_path / "j", classifier) as journal:
        journal.append(block(0, 4))
    with (tmp_path / "j").open("ab") as file:
        file.write(bytes(4096))
    with Journal.resume(tmp_path / "j", classifier) as journal:
        journal.append(block(4, 4))
        assert len(list(journal.paths())) == 8


def test_a_flipped_byte_anywhere_is_never_a_row_and_what_is_lost_is_known(classifier, tmp_path):
    path = tmp_path / "j"
    ends = three_batches(path, classifier)
    data = path.read_bytes()
    with Journal.resume(path, classifier) as journal:
        written = [batch.to_pylist() for batch in journal.batches()]
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x21]) + data[place + 1 :])
        whole = sum(end <= place for end in ends[1:])
        with pytest.raises(SourceError):  # to read it as if nothing had happened
            list(journal.batches())
        if place < ends[0]:
            with pytest.raises(SourceError, match="--overwrite"):
                Journal.resume(path, classifier)
            continue
        with Journal.resume(path, classifier) as again:
            assert (again.rows, again.lost) == (4 * whole, len(data) - ends[whole])
            assert [batch.to_pylist() for batch in again.batches()] == written[:whole]


def test_a_journal_cut_under_a_run_is_an_error_and_not_a_shorter_table(classifier, tmp_path):
    with Journal.create(tmp_path / "j", classifier) as journal:
        journal.append(block(0, 4))
        end = (tmp_path / "j").stat().st_size
        journal.append(block(4, 4))
        os.truncate(tmp_path / "j", end)
        with pytest.raises(SourceError, match=r"holds 4 whole rows of the 8 that were written.*--resume"):
            list(journal.paths())


def test_where_there_is_no_room_what_was_added_before_is_kept(classifier, tmp_path):
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Journal.create(tmp_path / "j", classifier) as journal:
        journal.append(block(0, 4))
        resource.setrlimit(resource.RLIMIT_FSIZE, ((tmp_path / "j").stat().st_size + 100, before[1]))
        try:
            with pytest.raises(
                WriteError, match=r"j: cannot be written: larger than a file may be.*go on with --resume"
            ):
                journal.append(block(4, 40))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    with Journal.resume(tmp_path / "j", classifier) as journal:
        assert list(journal.paths())[:4] == [f"{i}.png" for i in range(4)]
        assert journal.rows in (4, 44)  # once there is room, closing may write what had none


def test_what_release_0_1_0_left_gets_checksums(classifier, tmp_path):
    with Journal.create(tmp_path / "new", classifier) as journal:
        schema = journal.schema
    former = schema.with_metadata({**schema.metadata, b"hemascope.format_version": b"1"})
    batches = [rows.to_arrow(block(start, 4), former).serialize().to_pybytes() for start in (0, 4, 8)]
    (tmp_path / "j").write_bytes(former.serialize().to_pybytes() + b"".join(batches)[:-9])
    with Journal.resume(tmp_path / "j", classifier) as journal:
        assert (journal.rows, journal.lost) == (8, 0)
        journal.append(block(8, 4))
        assert list(journal.paths()) == [path for start in (0, 4, 8) for path in block(start, 4).paths]


def test_another_model_is_refused(classifier, tmp_path):
    Journal.create(tmp_path / "j", classifier).close()
    other = hemascope.load(write_model(tmp_path / "other.onnx", sharpness=4))
    with pytest.raises(ModelFileError, match=r"made with another model \(colours"):
        Journal.resume(tmp_path / "j", other)


@pytest.mark.parametrize("content", [b"", b"path,label\n", bytes(100)])
def test_what_is_no_journal_is_refused(classifier, tmp_path, content):
    (tmp_path / "j").write_bytes(content)
    with pytest.raises(SourceError, match="no journal of a run"):
        Journal.resume(tmp_path / "j", classifier)


def test_another_coverage_is_refused(tmp_path):
    telling = hemascope.load(write_model(tmp_path / "m.onnx", unknown=0.5))
    Journal.create(tmp_path / "j", telling, Layout.of(telling, 0.9)).close()
    with pytest.raises(SourceError, match="another --coverage"):
        Journal.resume(tmp_path / "j", telling, Layout.of(telling, 0.99))
    with pytest.raises(SourceError, match="another --coverage"):
        Journal.resume(tmp_path / "j", telling)
    Journal.resume(tmp_path / "j", telling, Layout.of(telling, 0.9)).close()
