from pathlib import Path

import apache_beam as beam
from apache_beam.testing.util import assert_that, equal_to

from tests.support import write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.listing.match import MatchSources
from transforms.model.config import ResizeConfig, Split
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
