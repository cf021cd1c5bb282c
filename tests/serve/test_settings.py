import pytest

from hemascope.errors import ServiceError
from hemascope.serve.settings import Settings, mebibytes


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_loopback_needs_no_token(host):
    assert Settings(host=host).token == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.4", "example.org"])
def test_other_addresses_need_one(host):
    with pytest.raises(ServiceError, match="HEMASCOPE_TOKEN"):
        Settings(host=host)
    assert Settings(host=host, token="secret").host == host


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"workers": 0}, "workers is 0"),
        ({"threads": -1}, "threads is -1"),
        ({"max_files": 2000}, "--max-files"),
        ({"max_body": 1 << 40}, "--max-body"),
        ({"seconds": 0}, "seconds is 0"),
        ({"seconds": float("nan")}, "seconds is nan"),
        ({"seconds": 1e300}, "seconds is 1e\\+300"),
        ({"queue": 10**30}, "queue is 1000"),
        ({"connections": 0}, "connections is 0"),
        ({"port": 70000}, "port 70000"),
        ({"token": "two words"}, "printable"),
        ({"token": "ключ"}, "printable"),
    ],
)
def test_impossible_values_are_named(values, said):
    with pytest.raises(ServiceError, match=said):
        Settings(**values)


def test_the_token_is_not_shown():
    assert "secret" not in repr(Settings(token="secret"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 0.0, 1e300])
def test_sizes_that_are_none_are_named(value):
    with pytest.raises(ServiceError, match="max_body is"):
        mebibytes("max_body", value)
