"""Reads and writes safetensors files: tensors and a JSON record, no pickle, nothing in them is ever executed.

The format: 8 bytes with the header's length, the header (JSON: dtype, shape and offsets of each tensor, and string
metadata), then the tensor data. https://github.com/huggingface/safetensors#format
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Literal

import pydantic

from landseg_core.errors import ModelError
from landseg_core.input_files import open_file, parsed_json, read_file
from landseg_core.messages import N_
from landseg_core.output_files import write_atomically

if TYPE_CHECKING:
    import torch

_LENGTH = struct.Struct("<Q")
_MAX_HEADER = 1 << 24


@dataclass(frozen=True)
class _TensorEntry:
    dtype: Literal["F32", "F16", "U8"]
    shape: tuple[pydantic.NonNegativeInt, ...]
    data_offsets: tuple[pydantic.NonNegativeInt, pydantic.NonNegativeInt]


_ENTRIES = pydantic.TypeAdapter(dict[str, _TensorEntry])
_METADATA = pydantic.TypeAdapter(dict[str, str])


def write_tensor_file(path: Path, tensors: Mapping[str, torch.Tensor], kind: str, record: Mapping[str, Any]) -> None:
    """Write `tensors` (float32, float16 or uint8) and the JSON-able `record` under the metadata key `kind`, atomically.

    Raises:
        OutputError: the file cannot be written; what was at `path` before is untouched.
    """
    from safetensors.torch import save

    metadata = {kind: json.dumps(record, allow_nan=False)}
    contiguous = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_atomically(path, save(contiguous, metadata))


def read_record(path: Path, kind: str) -> dict[str, Any]:
    """Return the record of a file written as `kind`; reads the header only and needs no torch.

    Raises:
        ModelError: the file cannot be read, is damaged, or is of another kind or program.
    """
    try:
        with open_file(path) as file:
            return _record(path, file, path.stat().st_size, kind)
    except OSError as error:
        raise _unreadable(path, error) from error


def read_tensor_file(path: Path, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return record and tensors of a file written as `kind`.

    The file is read into memory, not mapped: it may be replaced while the tensors are in use.

    Raises:
        ModelError: the file cannot be read, is damaged, or is of another kind or program.
    """
    return parse_tensor_file(path, read_bytes(path), kind)


def read_bytes(path: Path) -> bytes:
    """Return the content of a file.

    Raises:
        ModelError: the file cannot be read.
    """
    try:
        return read_file(path)
    except OSError as error:
        raise _unreadable(path, error) from error


def parse_record(path: Path, data: bytes, kind: str) -> dict[str, Any]:
    """Return the record from the content of a file written as `kind`; needs no torch.

    Raises:
        ModelError: it is damaged, or is of another kind or program.
    """
    return _record(path, io.BytesIO(data), len(data), kind)


def parse_tensor_file(path: Path, data: bytes, kind: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Return record and tensors from the content of a file written as `kind`; float16 becomes float32.

    Raises:
        ModelError: it is damaged, or is of another kind or program.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load

    record = parse_record(path, data, kind)
    try:
        return record, {name: _widened(tensor) for name, tensor in load(data).items()}
    except SafetensorError as error:
        raise _damaged(path, str(error)) from error


def _widened(tensor: torch.Tensor) -> torch.Tensor:
    return tensor if tensor.element_size() == 1 else tensor.float()


def _record(path: Path, file: BinaryIO, size: int, kind: str) -> dict[str, Any]:
    header = _header(path, file, size)
    try:
        metadata = _METADATA.validate_python(header.pop("__metadata__", {}))
        end = max((entry.data_offsets[1] for entry in _ENTRIES.validate_python(header).values()), default=0)
    except pydantic.ValidationError as error:
        raise _foreign(path) from error
    if kind not in metadata:
        raise _foreign(path)
    if file.tell() + end != size:
        length = file.tell() + end
        raise _damaged(path, N_("it should be {length} bytes long and is {size}", length=length, size=size))
    return _json_object(path, metadata[kind].encode())


def _header(path: Path, file: BinaryIO, size: int) -> dict[str, Any]:
    start = file.read(_LENGTH.size)
    if len(start) < _LENGTH.size:
        raise _damaged(path, N_("its header is missing") if start else N_("it is empty"))
    (length,) = _LENGTH.unpack(start)
    if length > _MAX_HEADER:
        raise _foreign(path)
    if length > size - _LENGTH.size:
        raise _damaged(path, N_("its header is truncated"))
    return _json_object(path, file.read(length))


def _json_object(path: Path, text: bytes) -> dict[str, Any]:
    try:
        value = parsed_json(text)
    except ValueError as error:
        raise _foreign(path) from error
    if not isinstance(value, dict):
        raise _foreign(path)
    return value


def _unreadable(path: Path, error: OSError) -> ModelError:
    return ModelError(
        N_(
            "{path} cannot be read: {reason}; check the path and its permissions",
            path=path,
            reason=error.strerror or error,
        )
    )


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(N_("{path} is damaged: {reason}; copy it again or train again", path=path, reason=reason))


def _foreign(path: Path) -> ModelError:
    return ModelError(
        N_(
            "{path} was not written by landseg for this purpose; choose a model.safetensors that landseg trained",
            path=path,
        )
    )
