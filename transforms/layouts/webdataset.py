"""Layout `webdataset`: tar archives with key.jpg and key.json for each sample, and key.cls if it has a label.

The same images result in the same bytes: time, owner and mode are fixed, and members are sorted by their keys.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from transforms.layouts import card_features
from transforms.layouts.archive import ARCHIVES_EXAMPLE, archive_layout, member_name, plain_sample, sample_types
from transforms.layouts.layout import Croissant, Example, Loader, Subset
from transforms.model.json_lines import json_line
from transforms.model.records import LABEL, NO_COLUMNS, Columns, ManifestRow, OutputImage

_WEBDATASET = f"""import io
import json
import webdataset
from PIL import Image

{ARCHIVES_EXAMPLE}for sample in webdataset.WebDataset(archives, shardshuffle=False, empty_check=False):
    image = Image.open(io.BytesIO({{image}}))
    print(json.loads(sample["json"])["key"], image.size)"""


def archive(path: str, images: Sequence[OutputImage], columns: Columns) -> bytes:
    """Return the tar archive at `path` that holds `images`."""
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for image in images:
            _add(tar, member_name(path, image), image.file.data)
            _add(tar, f"{image.name}.json", sample_json(image.row, columns))
            if (label := image.row.columns.get(LABEL)) is not None:
                _add(tar, f"{image.name}.cls", str(label).encode())
    return body.getvalue()


def sample_json(row: ManifestRow, columns: Columns = NO_COLUMNS) -> bytes:
    """Return the record of a sample as JSON. Numbers outside int64 become text, because loaders cannot read them."""
    return json_line(plain_sample(row, columns)).rstrip()


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(name)  # its owner, time and mode are 0, 0 and 0o644
    member.size = len(data)
    tar.addfile(member, io.BytesIO(data))


def unpack(data: bytes, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
    """Yield (name, bytes) of the members of a tar archive that have one of `names`."""
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        for member in tar:
            if member.name in names and (file := tar.extractfile(member)):
                yield member.name, file.read()


def _features(columns: Columns, extensions: Sequence[str]) -> list[dict[str, Any]]:
    record = [card_features.value(name, kind) for name, kind in sample_types(columns).items()]
    record += card_features.annotated(columns)
    return [
        *(card_features.image(extension) for extension in extensions),
        {"name": "json", "struct": record},
        *([card_features.label("cls", columns)] if LABEL in columns.types else []),
        *({"name": name, "dtype": "string"} for name in ("__key__", "__url__")),
    ]


def _examples(subset: Subset) -> Iterator[Example]:
    names = ", ".join(f'"{extension}"' for extension in subset.extensions)
    several = len(subset.extensions) > 1
    image = f"next(sample[name] for name in ({names}) if name in sample)" if several else f"sample[{names}]"
    yield Example("With webdataset:", _WEBDATASET.format(size=subset.size, image=image))


LAYOUT = archive_layout(
    "tar",
    archive,
    unpack,
    summary="tar archives",
    examples=_examples,
    loader=Loader(_features),
    croissant=Croissant("application/x-tar"),
)
