"""Names of what lies elsewhere: nothing secret in them, and enough to open it."""

import pytest

from hemascope.data.remote.path import RemotePath, located
from hemascope.data.remote.url import is_url, named, parts_of, redacted, whole
from hemascope.errors import SourceError

SECRET = "SeCrEt77"


@pytest.mark.parametrize(
    "query",
    [
        f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK&X-Amz-Expires=60&X-Amz-Signature={SECRET}",
        f"X-Goog-Signature={SECRET}&X-Goog-Expires=60",
        f"sv=2024-01-01&st=now&se=then&sr=c&sp=rl&sig={SECRET}",
        f"Expires=170000&Signature={SECRET}&Key-Pair-Id=K",
        f"token={SECRET}",
        f"access_token={SECRET}",
        f"api_key={SECRET}",
        f"private-token={SECRET}",
        f"password={SECRET}",
    ],
)
def test_what_opens_a_door_is_left_out_of_the_name(query):
    url = f"https://signed.example/cells.tar?part=2&{query}"
    assert named(url) == "https://signed.example/cells.tar?part=2"
    assert whole(named(url)) == url
    assert named(named(url)) == named(url)
    assert SECRET not in redacted(f"GET {url} failed, as did https://me:{SECRET}@other.example/x?sig={SECRET}")
    assert SECRET not in str(located(url))
    assert SECRET not in repr(located(url))


def test_an_honest_query_stays():
    assert named("https://plain.example/get?id=1&size=big") == "https://plain.example/get?id=1&size=big"
    assert named("https://plain.example/get?id=1&token=a") != named("https://plain.example/get?id=2&token=b")


def test_user_and_password_are_known_for_their_host_alone():
    assert named(f"https://me:{SECRET}@with.example:8443/a/b.png") == "https://with.example:8443/a/b.png"
    assert whole("https://with.example:8443/c.png") == f"https://me:{SECRET}@with.example:8443/c.png"
    assert whole("https://with.example/c.png") == "https://with.example/c.png"


@pytest.mark.parametrize("url", [f"s3://KEY:{SECRET}@bucket/1.png", f"ftp://me:{SECRET}@host/1.png"])
def test_a_password_where_none_belongs_is_refused_and_not_repeated(url):
    with pytest.raises(SourceError) as caught:
        named(url)
    assert SECRET not in str(caught.value)
    assert caught.value.remedy


def test_what_is_a_url():
    assert [is_url(text) for text in ("s3://b/k", "hf://datasets/a/b", "synthetic://1", "C:\\a", "a/b", "", None)] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip
    assert parts_of("s3://bucket/a?b#c.png").path == "bucket/a?b#c.png"  # all of it may be in a key
    assert parts_of("abfs://cells@lab.dfs.core.windows.net/a").scheme == "abfs"
    assert named("abfs://cells@lab.dfs.core.windows.net/a") == "abfs://cells@lab.dfs.core.windows.net/a"


def test_a_url_goes_as_a_path():
    table = located("s3://bucket/tables/set.csv")
    assert [str(table.parent / below) for below in ("1.png", "../x/2.png", "./a/../3.png", "https://h/4.png")] == [
        "s3://bucket/tables/1.png", "s3://bucket/x/2.png", "s3://bucket/tables/3.png", "https://h/4.png",
    ]  # fmt: skip
    assert (table.name, table.stem, table.suffix) == ("set.csv", "set", ".csv")
    assert str(RemotePath("s3://bucket").parent) == "s3://bucket"
    assert located("https://host/a%20b/c.tar.gz").suffixes == [".tar", ".gz"]
    with pytest.raises(TypeError):
        open(table)  # noqa: PTH123, SIM115 (no file of this machine)
