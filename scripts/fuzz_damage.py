"""What damages copies of files: bytes of any file, and what stands in files of a format whose checksums are kept right.

A damage changes the file at a path, with dice of its own; all of it follows from the dice.
"""

from __future__ import annotations

import random
import re
import sqlite3
import struct
import zlib
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

PAGE = 4096

Damage = Callable[[Path, random.Random], None]

# Any file


def leave(_path: Path, _dice: random.Random) -> None:
    """Leave the file as it is: what lies beside it is damage enough."""


def overwrite(path: Path, dice: random.Random) -> None:
    """Change up to 200 bytes anywhere."""
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 2, 5, 20, 200])):
        content[dice.randrange(len(content))] = dice.randrange(256)
    path.write_bytes(content)


def overwrite_start(path: Path, dice: random.Random) -> None:
    """Change up to 5 bytes of the first 300."""
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 2, 5])):
        content[dice.randrange(min(len(content), 300))] = dice.randrange(256)
    path.write_bytes(content)


def truncate(path: Path, dice: random.Random) -> None:
    """Cut the file off."""
    content = path.read_bytes()
    path.write_bytes(content[: dice.randrange(len(content))])


def blocks(content: bytes) -> int:
    """Return how long a block to be zeroed or swapped is: a page, or less in a small file."""
    return PAGE if len(content) >= 4 * PAGE else 16


def zero_block(path: Path, dice: random.Random) -> None:
    """Zero some blocks."""
    content = bytearray(path.read_bytes())
    size = blocks(content)
    for _ in range(dice.choice([1, 1, 3])):
        start = size * dice.randrange(-(-len(content) // size))
        content[start : start + size] = bytes(len(content[start : start + size]))
    path.write_bytes(content)


def swap_blocks(path: Path, dice: random.Random) -> None:
    """Swap two blocks."""
    content = bytearray(path.read_bytes())
    size = blocks(content)
    one, other = (size * dice.randrange(max(1, len(content) // size)) for _ in range(2))
    first, second = content[one : one + size], content[other : other + size]
    content[one : one + len(second)], content[other : other + len(first)] = second, first
    path.write_bytes(content)


def remove(path: Path, _dice: random.Random) -> None:
    """Delete the file."""
    path.unlink()


BYTES: tuple[Damage, ...] = (overwrite, overwrite_start, truncate, zero_block, swap_blocks)

# Texts

NUMBERS = (b"0", b"-1", b"nan", b"inf", b"1e999", b"-1e-320", b"4294967296", b"9" * 400, b"65536", b"0.1", b"")
WORDS = (b"", b"\xff\xfe", b"\0", b"\x1b[31m", b"..", b"<!ENTITY", b"&amp;", b"\xed\xa0\x80", b"x" * 100_000, b"\n\n")


def change_numbers(path: Path, dice: random.Random) -> None:
    """Put other numbers in the place of some in a text."""
    _replace(path, dice, rb"-?\d+(?:\.\d+)?", NUMBERS)


def change_words(path: Path, dice: random.Random) -> None:
    """Put strange text in the place of some words."""
    _replace(path, dice, rb"[A-Za-z_]+", WORDS)


def _replace(path: Path, dice: random.Random, pattern: bytes, others: tuple[bytes, ...]) -> None:
    content = path.read_bytes()
    for _ in range(dice.choice([1, 1, 2, 5])):
        found = list(re.finditer(pattern, content))
        if found:
            start, end = dice.choice(found).span()
            content = content[:start] + dice.choice(others) + content[end:]
    path.write_bytes(content)


def repeat_lines(path: Path, dice: random.Random) -> None:
    """Write some lines twice, leave some out, and change their order."""
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(dice.choices(lines, k=len(lines))))


TEXT: tuple[Damage, ...] = (*BYTES, change_numbers, change_numbers, change_words, repeat_lines)

# SQLite

SQLITE_FIELDS = {16: 2, 18: 1, 19: 1, 20: 1, 21: 1, 22: 1, 23: 1} | dict.fromkeys((*range(24, 72, 4), 92, 96), 4)
"""The fields of the header of an SQLite file: their places and lengths in bytes."""


def change_header(path: Path, dice: random.Random) -> None:
    """Change fields of an SQLite file's header."""
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 3])):
        place, length = dice.choice(list(SQLITE_FIELDS.items()))
        number = dice.choice([0, 1, 2, 2**31 - 1, 2**32 - 1, dice.randrange(2**32)])
        content[place : place + length] = (number % 256**length).to_bytes(length, "big")
    path.write_bytes(content)


WRONG: tuple[Any, ...] = (
    None,
    -1,
    -(2**63),
    2**31,
    2**62,
    0.5,
    float("inf"),
    "",
    "text",
    "\0",
    "[",
    "[1]",
    "{}",
    '{"classes": 3}',
    "[[[1e999, 0], [0, 0], [1, 1]]]",
    "[" * 5000,
    "[" * 200_000,
    "9" * 5000,
    '"\\ud800"',
    '["\\ud800", {"\\udfff": 1}]',
    "x" * 100_000,
    b"",
    b"\xff" * 40,
)
"""Values of a wrong type, missing, huge or negative."""


def change_rows(path: Path, dice: random.Random) -> None:
    """Put a wrong value into one row or all rows of some columns, whatever the table's constraints say."""
    with closing(sqlite3.connect(path)) as connection:
        _loosen(connection)
    with closing(sqlite3.connect(path)) as connection:
        tables = _tables_of(connection)
        for _ in range(dice.choice([1, 1, 2, 5])):
            table = dice.choice(tables)
            column = dice.choice(_columns_of(connection, table))
            rows = dice.choice(["", f' WHERE "{column}" IN (SELECT "{column}" FROM "{table}" LIMIT 1)'])
            with suppress(sqlite3.Error):  # a key may not take this one
                connection.execute(f'UPDATE "{table}" SET "{column}" = ?{rows}', (dice.choice(WRONG),))
        connection.commit()


def _loosen(connection: sqlite3.Connection) -> None:
    """Take `NOT NULL` and triggers out of all tables; their indexes stay."""
    connection.execute("PRAGMA writable_schema = ON")
    connection.execute("UPDATE sqlite_master SET sql = replace(sql, 'NOT NULL', '') WHERE type = 'table'")
    connection.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
    connection.commit()


def _tables_of(connection: sqlite3.Connection) -> list[str]:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    return [name for (name,) in connection.execute(query).fetchall()]


def _columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")').fetchall()]


def drop(path: Path, dice: random.Random) -> None:
    """Drop a column, or a table."""
    with closing(sqlite3.connect(path)) as connection:
        table = dice.choice([name for name in _tables_of(connection) if not name.startswith("sqlite_")])
        column = dice.choice(_columns_of(connection, table))
        try:
            connection.execute(f'ALTER TABLE "{table}" DROP COLUMN "{column}"')
        except sqlite3.Error:  # a key cannot be dropped alone
            with suppress(sqlite3.Error):
                connection.execute(f'DROP TABLE "{table}"')
        connection.commit()


DATABASE: tuple[Damage, ...] = (*BYTES, overwrite, change_header, change_rows, change_rows, change_rows, drop)

# Pictures


def change_tiff_entries(path: Path, dice: random.Random) -> None:
    """Change tag, type, count or value of entries in any directory of a TIFF."""
    content = bytearray(path.read_bytes())
    for _ in range(dice.choice([1, 1, 2, 5])):
        entry = dice.choice(_tiff_entries(content))
        place, length = dice.choice([(0, 2), (2, 2), (4, 4), (4, 4), (8, 4), (8, 4), (8, 2)])
        number = dice.choice([0, 1, 2, 3, 255, 2**15, 2**31, 2**32 - 1, len(content) - 4, dice.randrange(2**32)])
        content[entry + place : entry + place + length] = (number % 256**length).to_bytes(length, "little")
    path.write_bytes(content)


def _tiff_entries(content: bytes) -> list[int]:
    """Return where the entries of all directories begin, in a little-endian TIFF that is no BigTIFF."""
    entries: list[int] = []
    (directory,) = struct.unpack_from("<I", content, 4)
    while directory and directory + 2 <= len(content) and len(entries) < 200:
        (count,) = struct.unpack_from("<H", content, directory)
        end = directory + 2 + 12 * count
        if end + 4 > len(content):  # damaged by now
            break
        entries += range(directory + 2, end, 12)
        (directory,) = struct.unpack_from("<I", content, end)
    return entries or [8]


def change_png_chunk(path: Path, dice: random.Random) -> None:
    """Change bytes of a chunk of a PNG, and its checksum accordingly."""
    content = bytearray(path.read_bytes())
    chunks, place = [], 8
    while place + 12 <= len(content):
        (length,) = struct.unpack_from(">I", content, place)
        chunks.append((place, length))
        place += 12 + length
    start, length = dice.choice(chunks)
    for _ in range(dice.choice([1, 1, 4])):
        content[start + 4 + dice.randrange(4 + length)] = dice.randrange(256)
    checksum = zlib.crc32(content[start + 4 : start + 8 + length])
    struct.pack_into(">I", content, start + 8 + length, checksum)
    path.write_bytes(content)
