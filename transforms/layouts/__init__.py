"""The layouts, which define how a shard is stored: one module for each, and the table of all layouts."""

from transforms.layouts import files, parquet, tfrecord, webdataset
from transforms.layouts.layout import Layout

LAYOUTS: dict[str, Layout] = {
    "files": files.LAYOUT,
    "webdataset": webdataset.LAYOUT,
    "parquet": parquet.LAYOUT,
    "tfrecord": tfrecord.LAYOUT,
}
# The layout if the user does not name one.
DEFAULT_LAYOUT = "files"

__all__ = ["DEFAULT_LAYOUT", "LAYOUTS", "Layout"]
