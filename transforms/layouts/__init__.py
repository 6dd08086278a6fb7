"""How a shard is stored: one module a layout, and the table of them."""

from transforms.layouts import files, parquet, tfrecord, webdataset
from transforms.layouts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    "files": files.LAYOUT,
    "webdataset": webdataset.LAYOUT,
    "parquet": parquet.LAYOUT,
    "tfrecord": tfrecord.LAYOUT,
}

__all__ = ["LAYOUTS", "Layout"]
