from pathlib import Path

import pytest

from pipeline.cli import inputs
from pipeline.estimate.sample import Listing, list_inputs
from tests.support import write_tree
from transforms.imaging.spec import ResizeSpec
from transforms.model.config import ResizeConfig

NAMES = [f"{'deep/' if number % 3 == 0 else ''}p{number:03d}.jpg" for number in range(60)]


def config_of(*in_dirs: object, out: object = "/dev/null", sample: str = "1") -> ResizeConfig:
    splits = inputs.splits([str(path) for path in in_dirs], None)
    return ResizeConfig(splits, str(out), ResizeSpec(), "files", 100, 2, sample=sample)


def keys(listing: Listing) -> list[str]:
    return [source.key for source in listing.sample]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "photos", {name: bytes(number) for number, name in enumerate(NAMES)})


def test_all_is_counted_as_a_run_counts_it(tmp_path: Path) -> None:
    files = {"a.jpg": b"12", "x/b.PNG": b"123", "notes.txt": b"", "x/more.txt": b"", "README": b"", "out/c.jpg": b"1"}
    root = write_tree(tmp_path / "one", {**files, "out2/d.jpg": b""})
    other = write_tree(tmp_path / "two", {"e.webp": b"1"})
    listing = list_inputs(config_of(root, other, out=root / "out"), 9)
    assert listing.tally == {
        "splits": {"one": {"images": 3, "bytes": 5}, "two": {"images": 1, "bytes": 1}},
        "not_images": {".txt": 2, "": 1},
        "system_files": 0,
    }
    assert (listing.images, listing.bytes, listing.listed_images, listing.listed_names) == (4, 6, 4, 7)
    assert sorted((source.key, source.location, source.bytes) for source in listing.sample) == [
        ("one/a", f"{root}/a.jpg", 2),
        ("one/out2/d", f"{root}/out2/d.jpg", 0),
        ("one/x/b", f"{root}/x/b.PNG", 3),
        ("two/e", f"{other}/e.webp", 1),
    ]


def test_the_sample_is_the_same_in_every_run(photos: Path) -> None:
    listing = list_inputs(config_of(photos), 5)
    assert keys(listing) == ["p019", "p013", "deep/p018", "deep/p057", "p031"]
    assert (listing.images, listing.bytes) == (60, sum(range(60)))


def test_more_images_contain_fewer(photos: Path) -> None:
    whole = keys(list_inputs(config_of(photos), 100))
    assert sorted(whole) == sorted(name.removesuffix(".jpg") for name in NAMES)
    for number in (1, 7, 59, 60):
        assert keys(list_inputs(config_of(photos), number)) == whole[:number]


def test_only_what_sample_takes_is_counted_and_looked_at(photos: Path) -> None:
    whole = keys(list_inputs(config_of(photos), 100))
    listing = list_inputs(config_of(photos, sample="1/4"), 100)
    taken = keys(listing)
    assert 5 < len(taken) < 30
    assert taken == whole[: len(taken)]  # the order is the same
    assert (listing.images, listing.listed_images) == (len(taken), 60)
    assert listing.bytes == sum(source.bytes for source in listing.sample)


def test_a_pattern_and_its_folder_give_the_same(photos: Path) -> None:
    by_folder = list_inputs(config_of(photos), 9)
    for pattern in ("**.jpg", "**/*.jpg"):
        by_pattern = list_inputs(config_of(f"{photos}/{pattern}"), 9)
        assert by_pattern.tally == by_folder.tally
        assert [source.location for source in by_pattern.sample] == [source.location for source in by_folder.sample]


def test_links_to_nothing_and_to_folders_are_passed_over(photos: Path) -> None:
    (photos / "gone.jpg").symlink_to(photos / "nowhere")
    (photos / "linked").symlink_to(photos / "deep")
    (photos / "again.jpg").symlink_to(photos / "p001.jpg")
    assert list_inputs(config_of(photos), 1).images == 61
