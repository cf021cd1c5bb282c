import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hemascope.serve.body import Form, Upload, UploadMemory
from hemascope.serve.problems import ProblemError


def test_all_is_given_back():
    memory = UploadMemory(100)
    with memory.place(60) as one, memory.place(60) as two:
        one.take(50)
        two.take(20)
        two.take(30)
        assert memory.held == 100
    assert memory.held == 0


def test_too_much_for_one_request():
    memory = UploadMemory(100)
    with memory.place(60) as place:
        place.take(60)
        with pytest.raises(ProblemError) as caught:
            place.take(1)
    assert caught.value.kind.status == 413
    assert memory.held == 0


def test_too_much_together():
    memory = UploadMemory(100)
    with memory.place(60) as one, memory.place(60) as two:
        one.take(60)
        with pytest.raises(ProblemError) as caught:
            two.check(41)
        assert caught.value.kind.status == 503
        assert caught.value.headers == {"Retry-After": "1"}
        two.take(40)


TYPE = "multipart/form-data; boundary=here"


def body(*parts, end=True):
    lines = [
        b'--here\r\nContent-Disposition: form-data; name="files"' + head + b"\r\n\r\n" + data + b"\r\n"
        for head, data in parts
    ]
    return b"".join(lines) + (b"--here--\r\n" if end else b"")


def parse(data, size, max_files=100):
    form = Form(TYPE, max_files)
    for start in range(0, len(data), size):
        form.feed(data[start : start + size])
    return form.uploads()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.binary(max_size=80), min_size=1, max_size=5), st.integers(1, 40))
def test_parts_come_out_whole_however_they_arrive(files, size):
    parts = [(b'; filename="%d.png"' % i, data) for i, data in enumerate(files) if b"--here" not in data]
    if parts:
        expected = [Upload(head[12:-1].decode(), data) for head, data in parts]
        assert parse(body(*parts), size) == expected


def test_a_part_without_a_name():
    assert parse(body((b"", b"data")), 7) == [Upload(None, b"data")]


def test_names_of_any_kind():
    (upload,) = parse(body(('; filename="zelle é.png"'.encode(), b"1")), 1000)
    assert upload.name == "zelle é.png"
    (upload,) = parse(body((b'; filename="caf\xe9.png"', b"1")), 1000)
    assert upload.name == "caf�.png"


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"nothing of a form", 400),
        (body((b"", b"x"), end=False), 400),
        (b"--here--\r\n", 422),
        (body((b"", b"x")).replace(b"files", b"image"), 422),
        (body((b"", b"1"), (b"", b"2"), (b"", b"3")), 413),
    ],
)
def test_bad_forms(data, status):
    with pytest.raises(ProblemError) as caught:
        parse(data, 1000, max_files=2)
    assert caught.value.kind.status == status


@pytest.mark.parametrize(
    "kind", ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 5000]
)
def test_bad_boundaries(kind):
    with pytest.raises(ProblemError) as caught:
        Form(kind, 1)
    assert caught.value.kind.status == 400
