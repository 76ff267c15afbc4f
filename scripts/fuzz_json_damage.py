"""What damages copies of JSON, and of files that hold some: values of wrong types, huge numbers, endless nesting."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import rasterio
from fuzz_damage import BYTES, TEXT, Damage

_RAW = {
    "@nested@": "[" * 100_000 + "]" * 100_000,
    "@objects@": '{"a":' * 20_000 + "1" + "}" * 20_000,
    "@open@": "[" * 100_000,
    "@digits@": "9" * 5000,
    "@huge@": "1e999",
    "@tiny@": "-1e-400",
    "@nan@": "NaN",
    "@twice@": '{"name": 1, "name": "a", "value": 2, "value": []}',
    "@surrogate@": '"\\ud800"',
    "@half@": '"a\\udfff\\u0000b"',
}
"""What `json` would not write: each stands in the place of its mark."""
VALUES: tuple[Any, ...] = (
    *_RAW,
    None,
    True,
    -1,
    0,
    0.5,
    300,
    2**31,
    2**63,
    -(2**70),
    1e300,
    "",
    "text",
    "1",
    "<b>&amp;</b>\x1b[0m\n",
    "\u202e\u2028",
    "x" * 100_000,
    [],
    {},
    [[0, 0]],
    [None] * 1000,
)
KEYS = ("", "name", "\ud800", "__class__", "x" * 10_000)


def change_json(path: Path, dice: random.Random) -> None:
    """Change a file of JSON: values of wrong types, what is missing, what is there twice or not known."""
    path.write_text(changed_json(path.read_text(), dice))


def change_json_lines(path: Path, dice: random.Random) -> None:
    """Change some lines of a file that has JSON in each."""
    lines = path.read_text().splitlines()
    for _ in range(dice.choice([1, 1, 5])):
        number = dice.randrange(len(lines))
        lines[number] = changed_json(lines[number], dice)
    path.write_text("\n".join(lines) + "\n")


def change_setting(path: Path, dice: random.Random) -> None:
    """Change JSON that stands in quotes behind a `=`, as in a settings file."""
    lines = path.read_text().splitlines()
    number = dice.choice([number for number, line in enumerate(lines) if '="' in line])
    key, _, value = lines[number].partition("=")
    quoted = changed_json(value[1:-1].replace('\\"', '"'), dice).replace("\\", "\\\\").replace('"', '\\"')
    lines[number] = f'{key}="{quoted}"'
    path.write_text("\n".join(lines) + "\n")


def change_tags(path: Path, dice: random.Random) -> None:
    """Change the JSON in the tags of a GeoTIFF."""
    with rasterio.open(path, "r+") as dataset:
        tags = {name: value for name, value in dataset.tags().items() if value.startswith("{")}
        if tags:
            name = dice.choice(list(tags))
            dataset.update_tags(**{name: changed_json(tags[name], dice)[:200_000]})


def change_tensor_header(path: Path, dice: random.Random) -> None:
    """Change the header of a safetensors file, or the record in it, and its length accordingly."""
    content = path.read_bytes()
    (length,) = struct.unpack_from("<Q", content)
    header, numbers = json.loads(content[8 : 8 + length]), content[8 + length :]
    records = header["__metadata__"]
    if dice.random() < 0.8:
        kind = dice.choice(list(records))
        records[kind] = changed_json(records[kind], dice)
        text = json.dumps(header)
    else:
        text = changed_json(json.dumps(header), dice)
    told = text.encode(errors="surrogatepass")
    path.write_bytes(struct.pack("<Q", len(told)) + told + numbers)


def changed_json(text: str, dice: random.Random) -> str:
    """Return JSON with some changes anywhere in it, whole lists and objects included."""
    try:
        document = [json.loads(text)]
    except (ValueError, RecursionError):  # changed before
        return text
    for _ in range(dice.choice([1, 1, 2, 5])):
        holder, key = dice.choice(list(_places(document)))
        dice.choice(_CHANGES)(holder, key, dice)
        if not document:
            return ""
    changed = json.dumps(document[0])
    for mark, raw in _RAW.items():
        changed = changed.replace(f'"{mark}"', raw)
    return _with_a_key_twice(changed, dice) if dice.random() < 0.1 else changed


def _replace(holder: Any, key: Any, dice: random.Random) -> None:
    holder[key] = deepcopy(dice.choice(VALUES))


def _leave_out(holder: Any, key: Any, _dice: random.Random) -> None:
    del holder[key]


def _add(holder: Any, _key: Any, dice: random.Random) -> None:
    if isinstance(holder, dict):
        holder[dice.choice(KEYS)] = deepcopy(dice.choice(VALUES))
    else:
        holder.append(deepcopy(dice.choice(VALUES)))


_CHANGES: tuple[Callable[[Any, Any, random.Random], None], ...] = (_replace, _replace, _replace, _leave_out, _add)


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every list or object below `node` with each of its indices or keys."""
    for key in list(node) if isinstance(node, dict) else range(len(node)):
        yield node, key
        if isinstance(node[key], dict | list):
            yield from _places(node[key])


def _with_a_key_twice(text: str, dice: random.Random) -> str:
    """Write the first key of an object a second time, with another value."""
    places = [place for place, letter in enumerate(text[:100_000]) if text[place : place + 2] == '{"']
    if not places:
        return text
    start = dice.choice(places)
    key = text[start + 1 :].split('"')[1]
    return f'{text[: start + 1]}"{key}": {json.dumps(dice.choice((None, 3, "x", [])))}, {text[start + 1 :]}'


JSON: tuple[Damage, ...] = (*TEXT, *[change_json] * 12)
JSON_LINES: tuple[Damage, ...] = (*TEXT, *[change_json_lines] * 12)
SETTINGS: tuple[Damage, ...] = (*TEXT, *[change_setting] * 8)
TENSORS: tuple[Damage, ...] = (*BYTES, *[change_tensor_header] * 8)
