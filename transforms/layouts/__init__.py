"""How a shard is stored: one module for each layout, and the table of layouts."""

from transforms.layouts import files, parquet, tfrecord, webdataset
from transforms.layouts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    "files": files.LAYOUT,
    "webdataset": webdataset.LAYOUT,
    "parquet": parquet.LAYOUT,
    "tfrecord": tfrecord.LAYOUT,
}
# The layout of a dataset whose user names none.
DEFAULT_LAYOUT = "files"

__all__ = ["DEFAULT_LAYOUT", "LAYOUTS", "Layout"]
