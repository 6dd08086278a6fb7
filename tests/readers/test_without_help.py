"""Load a dataset in the simplest way: with the name of its folder, and nothing else.

The folders that loaders search are inside one named train, which is not a split.
"""

import functools
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from tests.readers.folders import Samples, fiftyone_samples, keras_samples, torchvision_samples
from tests.support import jpeg, rows, run, sha256, write_tree
from transforms.layouts.members import read_outputs

pytestmark = pytest.mark.slow

datasets = pytest.importorskip("datasets")

# Split -> class -> the number of images.
TREES = {
    "train": {"cat": 3, "dog": 2},
    "val": {"cat": 1, "dog": 1},
    "test": {"cat": 1, "dog": 2},
    "red": {"cat": 2, "dog": 1},
}
# The names that `datasets` derives for splits from the names of folders and files.
KNOWN = {"train": "train", "val": "validation", "test": "test"}

Pixels = dict[str, set[str]]


Make = Callable[..., Path]


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a function that creates a dataset with some splits. The classes are the folders of the images."""

    @functools.cache
    def made(splits: tuple[str, ...], sizes: tuple[int, ...] = (32,), *flags: object, runs: int = 1) -> Path:
        folder = tmp_path_factory.mktemp("made")
        for split in splits:
            images = [f"{name}/{number}.jpg" for name, count in TREES[split].items() for number in range(count)]
            tree = {name: jpeg(seed + 10 * len(split), (50, 40)) for seed, name in enumerate(images)}
            write_tree(folder / "in" / split, tree)
        out = folder / "train" / "small"
        inputs = [folder / "in" / split for split in splits]
        for _ in range(runs):
            done = run(
                *("-i", *inputs, "-o", out, "-s", *sizes, "-ext", "jpg", "--images_per_shard", 2),
                *(("--split", *splits) if len(splits) == 1 else ()),
                *flags,
            )
            assert done.returncode == 0, done.stderr
        return out

    return made


def pixels(image: Image.Image) -> str:
    return sha256(image.convert("RGB").tobytes())


def wanted(out: Path, splits: tuple[str, ...], *sizes: int, layout: str = "files") -> Pixels:
    """Return the pixels of the images of each split at some sizes, according to the manifest."""
    found: Pixels = {split: set() for split in splits}
    written = {row["path"]: row for row in rows(out, "manifest") if row["size"] in sizes}
    for path, data in read_outputs(str(out), layout, list(written)).items():
        split = written[path]["key"].split("/")[0] if len(splits) > 1 else splits[0]
        found[split].add(pixels(Image.open(io.BytesIO(data))))
    return found


def loaded(cache: Path, *args: str, column: str = "image", **kwargs: str) -> Pixels:
    """Load a dataset, and check that it contains no image twice."""
    dataset = datasets.load_dataset(*args, **kwargs, cache_dir=str(cache))
    found = {name: [pixels(sample[column]) for sample in split] for name, split in dataset.items()}
    assert all(len(images) == len(set(images)) for images in found.values())
    return {name: set(images) for name, images in found.items()}


COLUMNS = {"files": "image", "webdataset": "jpg", "parquet": "image"}
LOADERS = {"files": "imagefolder", "webdataset": "webdataset", "parquet": "parquet"}


@pytest.mark.parametrize("layout", COLUMNS)
@pytest.mark.parametrize("sizes", [(32,), (32, 16)])
@pytest.mark.parametrize("splits", [("train",), ("train", "val"), ("test",), ("red", "train")])
def test_by_the_card(make: Make, tmp_path: Path, splits: tuple[str, ...], sizes: tuple[int, ...], layout: str) -> None:
    out = make(splits, sizes, "--layout", layout)
    found = loaded(tmp_path / "cache", str(out), column=COLUMNS[layout])
    assert found == wanted(out, splits, max(sizes), layout=layout)


@pytest.mark.parametrize("layout", COLUMNS)
@pytest.mark.parametrize("splits", [("train",), ("train", "val"), ("test",)])
def test_by_the_loader_and_one_size(make: Make, tmp_path: Path, splits: tuple[str, ...], layout: str) -> None:
    """Images directly in OUT are the split train for imagefolder, which uses the names of folders."""
    out = make(splits, (32,), "--layout", layout)
    found = loaded(tmp_path / "cache", LOADERS[layout], data_dir=str(out), column=COLUMNS[layout])
    names = {"test": "train"} if splits == ("test",) and layout == "files" else KNOWN
    assert found == {names[split]: images for split, images in wanted(out, splits, 32, layout=layout).items()}


@pytest.mark.parametrize("layout", COLUMNS)
@pytest.mark.parametrize(("splits", "size"), [(("train", "val"), 32), (("train", "val"), 16), (("train",), 16)])
def test_by_the_loader_and_the_folder_of_a_size(
    make: Make, tmp_path: Path, splits: tuple[str, ...], layout: str, size: int
) -> None:
    out = make(splits, (32, 16), "--layout", layout)
    found = loaded(tmp_path / "cache", LOADERS[layout], data_dir=str(out / str(size)), column=COLUMNS[layout])
    assert found == {
        KNOWN.get(split, "train"): images for split, images in wanted(out, splits, size, layout=layout).items()
    }


def test_by_imagefolder_and_two_sizes(make: Make, tmp_path: Path) -> None:
    """Imagefolder has no sizes: without the folder of a size, it loads each image at every size."""
    out = make(("train", "val"), (32, 16))
    found = loaded(tmp_path / "cache", "imagefolder", data_dir=str(out))
    assert found == {KNOWN[split]: images for split, images in wanted(out, ("train", "val"), 32, 16).items()}


def test_by_imagefolder_with_labels(make: Make, tmp_path: Path) -> None:
    out = make(("train",), (32,), "--label_from", "folder")
    dataset = datasets.load_dataset("imagefolder", data_dir=str(out), cache_dir=str(tmp_path / "cache"))["train"]
    assert sorted(dataset["label_name"]) == ["cat", "cat", "cat", "dog", "dog"]
    assert [(sample["label"], sample["label_name"]) for sample in dataset] == [
        (["cat", "dog"].index(name), name) for name in dataset["label_name"]
    ]


@pytest.mark.parametrize("reader", [torchvision_samples, keras_samples, fiftyone_samples])
@pytest.mark.parametrize("runs", [1, 2])
def test_by_class_folders(make: Make, reader: Callable[[Path], Samples], runs: int) -> None:
    """The folder of the classes is OUT, or that of a size and a split."""
    assert reader(make(("train",), runs=runs)) == images_of("train")
    several = make(("train", "val"), (32, 16), runs=runs)
    for size in (32, 16):
        for split in ("train", "val"):
            assert reader(several / str(size) / split) == images_of(split)


def images_of(split: str) -> Samples:
    return {(name, f"{name}/{number}.jpg") for name, count in TREES[split].items() for number in range(count)}


@pytest.mark.parametrize("layout", [*COLUMNS, "tfrecord"])
def test_no_other_file_has_a_name_that_loaders_take_for_a_split(make: Make, tmp_path: Path, layout: str) -> None:
    """Check the names of all files except images, archives and their metadata, in every kind of dataset."""
    (tmp_path / "c.csv").write_text("OriginalURL,Author,License,key\n,A,cc,cat/0\n")
    tables = ("--columns", tmp_path / "c.csv", "--attribution", tmp_path / "c.csv")
    out = make(("train",), (32, 16), "--layout", layout, *tables)
    others = [path.relative_to(out) for path in out.rglob("*") if not path.is_relative_to(out / "32")]
    others = [path for path in others if path.parts[0] not in ("32", "16")]
    assert {path for path in others if len(path.parts) > 1} == set()
    assert len(others) > 10
    words = [word for keywords in datasets.data_files.SPLIT_KEYWORDS.values() for word in keywords]
    separators = datasets.data_files.NON_WORDS_CHARS
    as_split = re.compile(rf"(^|.*[{separators}])({'|'.join(words)})[{separators}].*")
    assert [str(path) for path in others if as_split.fullmatch(path.name)] == []
    assert [path for path in others if path.name.startswith(".")] == [Path(".run.sqlite")]


def test_by_the_loader_with_archives_of_another_split(make: Make, tmp_path: Path) -> None:
    """No name distinguishes archives from the files beside them; docs/publishing.md says what to use instead."""
    out = make(("red",), (32,), "--layout", "parquet")
    with pytest.raises(Exception, match="Parquet"):
        loaded(tmp_path / "cache", "parquet", data_dir=str(out))
    assert loaded(tmp_path / "cache", str(out)) == wanted(out, ("red",), 32, layout="parquet")
