import importlib.util

import pytest

from hemascope.errors import RunError
from hemascope.evaluate.tune.storage import DATABASE_NAME, open_storage


def test_the_database_is_a_file_of_the_folder_or_where_it_is_asked_for(tmp_path):
    open_storage(None, tmp_path / "search")
    open_storage(f"sqlite:///{tmp_path / 'other.db'}", tmp_path)
    assert (tmp_path / "search" / DATABASE_NAME).is_file()
    assert (tmp_path / "other.db").is_file()


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("sqlite:////no/such/folder/search.db", "unable to open.* a folder that exists"),
        ("sqlite://", "names no file"),
        ("mysql://me:secret@host/cells", "not a known kind of database. Give one of sqlite"),
        ("search.db", "not an address of a database"),
    ],
)
def test_what_cannot_be_used_is_said_plainly(address, words, tmp_path):
    with pytest.raises(RunError, match=words) as caught:
        open_storage(address, tmp_path)
    assert "secret" not in str(caught.value)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "notes.db").write_text("not a database, " * 100)
    with pytest.raises(RunError, match=r"notes\.db: no database of a search"):
        open_storage(f"sqlite:///{tmp_path / 'notes.db'}", tmp_path)


@pytest.mark.parametrize("query", ["", "?password=secret"])
def test_a_postgresql_server_that_cannot_be_used_keeps_the_password(query, tmp_path):
    address = f"postgresql://me:secret@127.0.0.1:1/cells{query}"
    words = r"127\.0\.0\.1:1.*server runs" if importlib.util.find_spec("psycopg") else r"psycopg\[binary\]"
    with pytest.raises(RunError, match=words) as caught:
        open_storage(address, tmp_path)
    assert "secret" not in str(caught.value)
    assert "me:***@127.0.0.1" in str(caught.value)
