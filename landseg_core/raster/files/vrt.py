"""The files that a VRT refers to.

GDAL opens them with any driver it has, so each must be a file on this computer that holds its own pixels. Tags and
attributes are compared as GDAL does, which ignores case and namespace, and accepts one for the other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from landseg_core.errors import RasterError
from landseg_core.input_files import is_address
from landseg_core.messages import N_

_LARGEST = 256 * 2**20
_SOURCES = {"sourcefilename", "sourcedataset"}
_TEXTS = {"mdi", "srs", "description", "category", "unittype", "scale", "wkt", "targetsrs", "sourcesrs"}
_FILE_KEYS = re.compile(r"filename|dataset|dem", re.IGNORECASE)  # of <Argument>, <Option> and the like
_METADATA_FILES = {"x_dataset", "y_dataset", "overview_file"}  # keys of <MDI>
_ARCHIVE = re.compile(r"/vsi\w+/")
_SUBDATASET = re.compile(r"\w{2,}:")


@dataclass(frozen=True)
class VrtParts:
    """What a VRT refers to: `files`, and `others`: names inside archives and of single datasets in a file."""

    files: tuple[Path, ...]
    others: tuple[str, ...]


def vrt_parts(path: Path) -> VrtParts:
    """Return what the VRT at `path` refers to.

    Raises:
        RasterError: it is not XML, or refers to something other than a local file.
        OSError: it cannot be read.
    """
    if path.stat().st_size > _LARGEST:
        raise RasterError(
            N_(
                "{path} is larger than {most} MiB, which no VRT needs; build the VRT again",
                path=path,
                most=_LARGEST >> 20,
            )
        )
    return _parts(path, path.read_bytes())


def _parts(path: Path, xml: bytes) -> VrtParts:
    try:
        root = ET.fromstring(xml)
    except (ET.ParseError, LookupError, ValueError) as error:  # an unknown encoding
        raise RasterError(
            N_("{path} is truncated or damaged: {error}; build the VRT again", path=path, error=error)
        ) from error
    files: dict[Path, None] = {}
    others: dict[str, None] = {}
    for element in root.iter():
        _refuse_addresses(path, element)
        for name, is_relative in _names(element):
            _add(path, name, is_relative, files, others)
    return VrtParts(tuple(files), tuple(others))


def _add(path: Path, name: str, is_relative: bool, files: dict[Path, None], others: dict[str, None]) -> None:
    """Add one name to `files` or `others`."""
    if name.startswith("<"):
        inner = _parts(path, name.encode())
        files.update(dict.fromkeys(inner.files))
        others.update(dict.fromkeys(inner.others))
    elif _ARCHIVE.match(name) or (_SUBDATASET.match(name) and not is_relative):
        others[name] = None
    else:
        files[Path(os.path.normpath(path.parent / name)) if is_relative else Path(name)] = None


def _refuse_addresses(path: Path, element: ET.Element) -> None:
    """Refuse addresses anywhere in an element; only texts about the image may contain links.

    Raises:
        RasterError: there is an address.
    """
    address = next((text for text in _texts(element) if is_address(text) and not text.startswith("<")), None)
    if address:
        raise RasterError(
            N_(
                "{path} refers to {address}, and landseg only reads files on this computer; download it first",
                path=path,
                address=address[:200],
            )
        )


def _texts(element: ET.Element) -> Iterator[str]:
    """Yield the texts of an element, except those that are only about the image."""
    attributes = _attributes(element)
    if _local(element.tag) not in _TEXTS or attributes.get("key", "").strip().lower() in _METADATA_FILES:
        yield (element.text or "").strip()
    yield from (value.strip() for name, value in attributes.items() if name != "schemalocation")


def _names(element: ET.Element) -> Iterator[tuple[str, bool]]:
    """Yield each file name in an element, and whether it is relative to the VRT."""
    attributes = _attributes(element)
    children = {_local(child.tag): child.text or "" for child in element}
    is_relative = _is_true(attributes.get("relativetovrt", children.get("relativetovrt", "")))
    names = [attributes[name] for name in _SOURCES & attributes.keys()]
    if _local(element.tag) in _SOURCES or _is_file_option(_local(element.tag), attributes):
        names.append(element.text or "")
    yield from ((name.strip(), is_relative) for name in names if name.strip())


def _is_file_option(tag: str, attributes: dict[str, str]) -> bool:
    """Return whether an element is an option that names a file: `<Argument name="gain_dataset_filename_1">`."""
    key = attributes.get("name", attributes.get("key", ""))
    return _FILE_KEYS.search(key) is not None if tag != "mdi" else key.lower() in _METADATA_FILES - {"overview_file"}


def _attributes(element: ET.Element) -> dict[str, str]:
    return {_local(name): value for name, value in element.attrib.items()}


def _is_true(text: str) -> bool:
    """Return whether C's `atoi` turns a text into a number other than 0."""
    return re.match(r"\s*[+-]?0*[1-9]", text) is not None


def _local(tag: object) -> str:
    """Return a tag or attribute without its namespace, in lower case; "" for comments and the like."""
    return tag.rpartition("}")[2].rpartition(":")[2].lower() if isinstance(tag, str) else ""
