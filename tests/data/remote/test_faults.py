"""A store that drops connections, throttles and lies of lengths: what passes is got over, what does not is told."""

import pytest

from hemascope.data.reading import read_images
from hemascope.data.remote.file import RemoteFile
from hemascope.data.remote.reading import read, read_part
from hemascope.data.remote.store import forget
from hemascope.data.remote.trouble import RemoteError
from hemascope.data.sources import open_source
from hemascope.errors import DecodeError, HemascopeError, SourceError
from hemascope.predict.items import check, items, read_ahead
from tests.predict.pictures import encoded

MOST = 1 << 20


@pytest.mark.parametrize("fault", ["drop", "cut", "long", "slow", 500, 503])
def test_what_passes_is_got_over(bucket, fault):
    data = encoded("basophil", 40, 50)
    bucket.put("1.png", data)
    bucket.proxy.faults["1.png"] = [fault, fault]
    assert read(f"{bucket.url}/1.png", MOST) == data
    bucket.proxy.faults["1.png"] = [fault]
    assert read_part(f"{bucket.url}/1.png", 3, 70, len(data)) == data[3:70]


@pytest.mark.parametrize(
    ("fault", "says"),
    [("drop", "broke off"), ("cut", "bytes came of"), ("long", "broke off"), ("slow", "slow down"), (500, "failed")],
)
def test_what_stays_is_told_in_bounded_time(bucket, monkeypatch, fault, says):
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "0.6")
    bucket.put("1.png", encoded("basophil"))
    bucket.proxy.faults["1.png"] = [fault] * 99
    with pytest.raises(RemoteError, match=says) as caught:
        read(f"{bucket.url}/1.png", MOST)
    assert str(caught.value).startswith(f"{bucket.url}/1.png: ")
    assert "HEMASCOPE_PATIENCE" in caught.value.remedy
    assert 2 <= sum(bucket.proxy.asked.values()) <= 4  # with pauses between them
    assert caught.value.__cause__ is None is caught.value.__context__


def test_one_bad_picture_costs_its_row_alone(bucket, monkeypatch):
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "0.5")
    for label in ("basophil", "eosinophil"):
        for number in range(3):
            bucket.put(f"cells/{label}/{number}.png", encoded(label))
    manifest = open_source(f"{bucket.url}/cells")
    bucket.proxy.faults = {
        "basophil/1.png": ["drop"] * 99,
        "eosinophil/0.png": ["slow"],
        "eosinophil/2.png": [403] * 2,
    }  # asked twice
    found = [image for _, image in read_images(manifest)]
    assert [isinstance(image, DecodeError) for image in found] == [False, True, False, False, False, True]
    assert found[1].problem.startswith(f"{bucket.url}/cells/basophil/1.png: the connection broke off")
    assert found[5].problem.startswith(f"{bucket.url}/cells/eosinophil/2.png: access denied (Give credentials")


def test_a_picture_that_goes_between_listing_and_reading_is_a_row_of_its_own(bucket):
    for number in range(3):
        bucket.put(f"cells/{number}.png", encoded("basophil"))
    bucket.proxy.faults = {"cells/1.png": [404] * 2}
    first, gone, last = read_ahead(items([f"{bucket.url}/cells"]))
    assert first.pixels().shape == last.pixels().shape
    with pytest.raises(DecodeError, match="no such file or folder"):
        gone.pixels()


def test_an_empty_file_and_one_that_is_too_large(bucket, web):
    bucket.put("0.png", b"")
    bucket.put("1.png", bytes(1000))
    web.files.update({"/0.png": b"", "/1.png": bytes(1000)})
    for root in (bucket.url, web.url):
        assert read(f"{root}/0.png", MOST) == b""
        assert len(read(f"{root}/1.png", 500)) == 501  # enough to know
        assert RemoteFile(f"{root}/0.png").read() == b""


def test_a_file_that_changes_while_it_is_read_is_not_mixed(bucket):
    bucket.put("a.bin", bytes(3 << 20))
    file = RemoteFile(f"{bucket.url}/a.bin")
    bucket.put("a.bin", bytes(2 << 20))
    with pytest.raises(OSError, match="it has changed while it was read"):
        file.read(1 << 20)


def test_refused_and_unknown_is_said_at_once(bucket, monkeypatch):
    bucket.put("1.png", encoded("basophil"))
    bucket.proxy.faults["1.png"] = [403] * 9
    with pytest.raises(SourceError, match="access denied") as caught:
        check([f"{bucket.url}/1.png"])
    assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_without_credentials(bucket, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket.put("1.png", encoded("basophil"))
    forget()
    with pytest.raises(SourceError, match="no credentials") as caught:
        check([f"{bucket.url}/1.png"])
    forget()
    assert "FSSPEC_S3_ANON=true" in caught.value.remedy


def test_a_server_without_ranges(web):
    web.ranges = False
    web.files["/1.png"] = encoded("basophil")
    web.files["/a.tar"] = bytes(3 << 20)
    (item,) = items([f"{web.url}/1.png"])
    assert item.pixels().shape[2] == 3
    file = RemoteFile(f"{web.url}/a.tar")
    file.seek(2 << 20)
    with pytest.raises(OSError, match="only the whole"):
        file.read(10)


def test_patience_is_a_number(bucket, monkeypatch):
    monkeypatch.setenv("HEMASCOPE_PATIENCE", "long")
    bucket.proxy.faults["1.png"] = ["slow"] * 2
    with pytest.raises(HemascopeError, match="HEMASCOPE_PATIENCE is 'long'"):
        read(f"{bucket.url}/1.png", MOST)
