r"""JSON lines in UTF-8 for the files of a dataset, and readers for single fields of them.

The readers search the bytes of a line. They are several times faster than `json.loads` and rely on three facts about
the lines that `json_line` writes:

- Separators are `,` and `:` without spaces.
- A quotation mark inside a string is written as `\"`. So `,"word":` can only be a field's name in an object, never part
  of a key, path or column.
- Only annotations are nested in a row, and they do not use these names. So the field belongs to the row itself.
"""

from __future__ import annotations

import json

from transforms.model.records import MANIFEST_FIELDS, ManifestRow

# Reused, since `json.dumps` would create an encoder for every line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# Each begins with the comma, which proves that its first quotation mark is not part of a string.
_WRITTEN = b',"status":"written"'
_SOURCE_SHA256 = b',"source_sha256":"'


def manifest_line(row: ManifestRow) -> bytes:
    """Return a row of the manifest as a JSON line, with its columns and annotations beside the other fields."""
    return json_line(dict(zip(MANIFEST_FIELDS, row, strict=False)) | row.columns | row.annotations)


def json_line(value: object) -> bytes:
    r"""Return a value as a JSON line in UTF-8, with its newline. Bytes of a name that are not UTF-8 become \udcXX."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    return utf8(_ENCODER.encode(value)) + b"\n"


def utf8(text: str) -> bytes:
    r"""Encode a text as UTF-8. Each byte of a name that is not UTF-8 becomes \udcXX."""
    return text.encode("utf-8", "backslashreplace")


def utf8_text(text: str) -> str:
    r"""Return text that every reader and coder accepts: each byte of a name that is not UTF-8 is the text \udcXX."""
    return utf8(text).decode()


def is_written(line: bytes) -> bool:
    """Return whether a row of the manifest has the status "written", that is, an output."""
    return _WRITTEN in line


def source_sha256(line: bytes) -> str | None:
    """Return the SHA-256 of the source in a row of the manifest, in hexadecimal; None if it is null."""
    _, field, rest = line.partition(_SOURCE_SHA256)
    return rest[: rest.index(b'"')].decode() if field else None
