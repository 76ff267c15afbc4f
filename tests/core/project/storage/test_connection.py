"""Connections to a project file."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from landseg_core.project.storage.connection import connect, make_durable, transaction

SETTINGS = {"trusted_schema": 0, "foreign_keys": 1, "cell_size_check": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a database that is a plain file as yet."""
    path = tmp_path / "a b%20?c#d'é.landseg"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE a (b)")
    return path


@pytest.mark.parametrize("mode", ["ro", "rw", "immutable"])
def test_every_connection_distrusts_the_file(file: Path, mode: str) -> None:
    with closing(connect(file, mode)) as connection:
        assert {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in SETTINGS} == SETTINGS
        assert connection.execute("PRAGMA mmap_size").fetchall() in ([(0,)], [])
        with pytest.raises(sqlite3.DataError):
            connection.execute("SELECT length(zeroblob(100000000))").fetchall()


def test_the_writer_is_durable_and_lets_others_read(file: Path) -> None:
    with closing(connect(file, "rw")) as connection:
        make_durable(connection, file)
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such VFS")
def test_where_there_is_no_wal_a_plain_journal_does(file: Path) -> None:
    with closing(sqlite3.connect(f"{file.as_uri()}?vfs=unix-dotfile", uri=True)) as connection:
        make_durable(connection, file)
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "delete"


def test_a_transaction_that_fails_leaves_nothing(file: Path) -> None:
    with closing(connect(file, "rw")) as connection:
        with pytest.raises(sqlite3.ProgrammingError), transaction(connection):
            connection.executemany("INSERT INTO a VALUES (1 / ?)", [(1,), (None, "one too many")])
        assert not connection.in_transaction
        assert connection.execute("SELECT count(*) FROM a").fetchone()[0] == 0
