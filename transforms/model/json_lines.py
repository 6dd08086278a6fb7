r"""Lines of JSON in UTF-8, as they stand in the files of a dataset, and readers of single fields of them.

The readers search the bytes of a line. They are several times faster than `json.loads` and rely on three facts about
the lines that `json_line` writes:

- Separators are a bare `,` and a bare `:`.
- A quotation mark inside a string is `\"`. So `,"` with a word behind it opens a string, and with `":` behind the word
  it opens a name of the object: no key, path or column can look like that.
- A row is flat but for its annotations, which have none of these names. So that name is one of the row itself.
"""

from __future__ import annotations

import json

from transforms.model.records import MANIFEST_FIELDS, ManifestRow

# Kept: `json.dumps` makes one for every line.
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))

# Each begins with the comma that proves that its first quotation mark is not part of a string.
_WRITTEN = b',"status":"written"'
_SOURCE_SHA256 = b',"source_sha256":"'


def manifest_line(row: ManifestRow) -> bytes:
    """Return a row of the manifest with its further columns beside its own."""
    return json_line(dict(zip(MANIFEST_FIELDS, row, strict=False)) | row.columns | row.annotations)


def json_line(value: object) -> bytes:
    r"""Return one line of JSON in UTF-8, with its newline. Bytes of a name that are not UTF-8 become \udcXX."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    return utf8(_ENCODER.encode(value)) + b"\n"


def utf8(text: str) -> bytes:
    r"""Return text as files hold it: each byte of a name that is not UTF-8 is \udcXX."""
    return text.encode("utf-8", "backslashreplace")


def utf8_text(text: str) -> str:
    r"""Return text that every reader and coder accepts: each byte of a name that is not UTF-8 is the text \udcXX."""
    return utf8(text).decode()


def is_written(line: bytes) -> bool:
    """Return whether a row of the manifest has an output, that is, the status "written"."""
    return _WRITTEN in line


def source_sha256(line: bytes) -> str | None:
    """Return the SHA-256 of the source in a row of the manifest, in hexadecimal; None if the row has null."""
    _, field, rest = line.partition(_SOURCE_SHA256)
    return rest[: rest.index(b'"')].decode() if field else None
