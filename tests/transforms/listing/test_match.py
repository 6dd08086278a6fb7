import os
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.testing.util import assert_that, equal_to

from tests.support import write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.listing.lists import Entry
from transforms.listing.match import MatchSources
from transforms.listing.split import SplitListing
from transforms.model.config import ResizeConfig, Split
from transforms.model.places import ListRow, Place, UnreadableRow
from transforms.summary.combine import Summarize


def test_images_are_listed_and_other_files_are_counted(tmp_path: Path) -> None:
    files = {"a.jpg": b"12", "x/b.PNG": b"123", "notes.txt": b"", "x/more.txt": b"", "README": b"", "out/c.jpg": b"1"}
    first = write_tree(tmp_path / "one", {**files, "out2/d.jpg": b""})
    second = write_tree(tmp_path / "two", {"e.webp": b"1"})
    splits = tuple(Split(folder.name, f"{folder}/**", str(folder)) for folder in (first, second))
    config = ResizeConfig(splits, str(first / "out"), ResizeSpec(), "files", 100, 2)
    with beam.Pipeline("FnApiRunner") as pipeline:
        sources, tally = pipeline | MatchSources(config)
        dated = sources | beam.Map(lambda source: (*source[:3], source[3] > 1e9, source[4]))
        expected = [("one", b"a.jpg", 2), ("one", b"x/b.PNG", 3), ("one", b"out2/d.jpg", 0), ("two", b"e.webp", 1)]
        assert_that(dated, equal_to([(*source, True, b"") for source in expected]), label="sources")
        counts = {
            "splits": {"one": {"images": 3, "bytes": 5}, "two": {"images": 1, "bytes": 1}},
            "not_images": {".txt": 2, "": 1},
            "system_files": 0,
        }
        assert_that(tally | Summarize(), equal_to([counts]), label="tally")


def test_the_tally_of_an_empty_input_is_all_zeros(tmp_path: Path) -> None:
    config = ResizeConfig((Split("a", f"{tmp_path}/**", str(tmp_path)),), "/out", ResizeSpec(), "files", 100, 2)
    with beam.Pipeline("FnApiRunner") as pipeline:
        sources, tally = pipeline | MatchSources(config)
        assert_that(sources, equal_to([]), label="sources")
        zeros = {"splits": {"a": {"images": 0, "bytes": 0}}, "not_images": {}, "system_files": 0}
        assert_that(tally, equal_to([zeros]), label="tally")


@pytest.mark.parametrize(
    ("pattern", "paths"),
    [
        ("**/*.jpg", [b"a.jpg", b"x/a.jpg", b"x/y/a.jpg", b"x/yy/a.jpg"]),
        ("x/**/y/*.jpg", [b"x/y/a.jpg"]),
        ("x/**/**/a.*", [b"x/a.jpg", b"x/y/a.jpg", b"x/yy/a.jpg"]),
        ("x**/a.jpg", [b"x/a.jpg", b"x/y/a.jpg", b"x/yy/a.jpg"]),
    ],
)
def test_a_double_star_also_matches_no_folder_in_the_graph(tmp_path: Path, pattern: str, paths: list[bytes]) -> None:
    write_tree(tmp_path, {"a.jpg": b"", "x/a.jpg": b"", "x/y/a.jpg": b"", "x/yy/a.jpg": b"", "x/b.png": b""})
    config = ResizeConfig((Split("a", f"{tmp_path}/{pattern}", str(tmp_path)),), "/out", ResizeSpec(), "files", 100, 2)
    with beam.Pipeline("FnApiRunner") as pipeline:
        sources, _ = pipeline | MatchSources(config)
        assert_that(sources | beam.Map(lambda source: source[1]), equal_to(paths))


def test_a_local_file_of_a_list_has_a_size_and_a_version(tmp_path: Path) -> None:
    write_tree(tmp_path, {"a.jpg": b"12345", "folder/b.jpg": b"1"})
    os.utime(tmp_path / "a.jpg", (7, 1234567890.5))
    config = ResizeConfig((Split("s", "", str(tmp_path), is_list=True),), "/out", ResizeSpec(), "files", 100, 2)
    listing = SplitListing(config.splits[0], config)

    def sizes(location: str, place: Place) -> tuple[int, float]:
        return listing.add_entry(Entry("p", location, place, {}))[2:4]

    assert sizes(f"{tmp_path}/a.jpg", ListRow(1)) == (5, 1234567890.5)
    for location in (f"{tmp_path}/none.jpg", f"{tmp_path}/folder", "gs://b/a.jpg", "https://x.org/a.jpg"):
        assert sizes(location, ListRow(1)) == (0, 0.0)
    assert sizes("", UnreadableRow("refused", "", 1, "l")) == (0, 0.0)
    assert listing.tally()["splits"] == {"s": {"images": 6, "bytes": 5}}
