"""Plain signed requests: what they bring, and when s3fs is asked instead."""

from hemascope.data.remote import signed
from hemascope.data.remote.reading import read
from hemascope.data.remote.store import store
from tests.predict.pictures import encoded


def test_they_bring_the_bytes_and_leave_the_rest_to_s3fs(bucket, monkeypatch):
    bucket.put("a b/ü+?.png", encoded("basophil"))
    system = store(bucket.url).system
    found = signed.read(system, bucket.name, "a b/ü+?.png", 0, 10_000)
    assert found.data == encoded("basophil")
    assert found.content_range.startswith("bytes 0-")
    assert signed.read(system, bucket.name, "gone.png", 0, 10) is None
    assert read(f"{bucket.url}/a b/ü+?.png", 1 << 20) == encoded("basophil")


def test_a_bucket_that_refuses_them_is_left_to_s3fs(bucket):
    bucket.put("1.png", encoded("basophil"))
    system = store(bucket.url).system
    bucket.proxy.faults["1.png"] = [400] * 3
    assert [signed.read(system, bucket.name, "1.png", 0, 10) for _ in range(3)] == [None] * 3
    asked = sum(bucket.proxy.asked.values())
    assert signed.read(system, bucket.name, "1.png", 0, 10) is None
    assert sum(bucket.proxy.asked.values()) == asked
    assert read(f"{bucket.url}/1.png", 1 << 20) == encoded("basophil")


def test_what_only_s3fs_can_is_left_to_it(bucket, monkeypatch):
    system = store(bucket.url).system
    monkeypatch.setattr(system, "req_kw", {"RequestPayer": "requester"})
    assert signed._learnt(system, bucket.name, 0).base == ""
