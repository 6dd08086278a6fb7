"""Load boxes with commonly used libraries; the extra `readers` installs them."""

import io
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support import Row, rows, run
from tests.support.rectangles import CLASSES, all_orientations, draw, off_by
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

pytest.importorskip("datasets")

NAMES = [CLASSES[class_] for class_ in sorted(CLASSES)]
FLAGS = ("occluded", "truncated", "group_of", "depiction", "inside")


@pytest.fixture(scope="module")
def out_dirs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return a dataset of each layout. The first image of its first shard has no box."""
    folder = tmp_path_factory.mktemp("boxed")
    images = all_orientations()
    draw([images[0]._replace(image="0" * 16, rectangles={}), *images[1:]], folder / "in", folder / "boxes.csv")
    (folder / "names.csv").write_text("".join(f"{class_},{name}\n" for class_, name in CLASSES.items()))
    for layout in LAYOUTS:
        flags = ["--layout", layout, "--images_per_shard", 4, "--fit", "pad"]
        flags += ["--boxes", folder / "boxes.csv", "--class_names", folder / "names.csv"]
        flags += ["--annotations", "coco"] if layout == "files" else []
        process = run("-i", folder / "in", "-o", folder / layout, "-s", 160, "-ext", "png", *flags)
        assert process.returncode == 0, process.stderr
    return {layout: folder / layout for layout in LAYOUTS}


def in_manifest(out: Path) -> list[Row]:
    """Return the boxes of all images in the order of their keys."""
    return [row["objects"] for row in sorted(rows(out, "manifest"), key=lambda row: row["key"])]


def check(features: Any, samples: list[tuple[str, Row, Image.Image]], out: Path) -> None:
    """Compare the loaded samples with the manifest, and with the pictures."""
    import datasets

    assert features["category"].feature == datasets.ClassLabel(names=NAMES)
    samples = sorted(samples, key=lambda sample: sample[0])
    assert [objects for _, objects, _ in samples] == in_manifest(out)
    for _, objects, picture in samples:
        for number, box in zip(objects["category"], objects["bbox"], strict=True):
            assert off_by(picture, sorted(CLASSES)[number], box) <= 1


@pytest.mark.parametrize("layout", ["files", "parquet"])
def test_datasets(layout: str, out_dirs: dict[str, Path], tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(out_dirs[layout]), split="train", cache_dir=str(tmp_path))
    paths = loaded.cast_column("image", datasets.Image(decode=False))["image"]
    keys = [Path(image["path"]).stem for image in paths]
    samples = [(key, sample["objects"], sample["image"]) for key, sample in zip(keys, loaded, strict=True)]
    check(loaded.features["objects"], samples, out_dirs[layout])


def test_datasets_on_webdataset(out_dirs: dict[str, Path], tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(str(out_dirs["webdataset"]), split="train", cache_dir=str(tmp_path))
    samples = [(sample["json"]["key"], sample["json"]["objects"], sample["png"]) for sample in loaded]
    check(loaded.features["json"]["objects"], samples, out_dirs["webdataset"])


def test_tfrecord(out_dirs: dict[str, Path]) -> None:
    from tfrecord.reader import tfrecord_loader

    samples = []
    for path in out_dirs["tfrecord"].glob("*.tfrecord"):
        for sample in tfrecord_loader(str(path), None):
            picture = Image.open(io.BytesIO(sample["image/encoded"]))
            edges = (sample.get(f"image/object/bbox/{edge}", ()) for edge in ("xmin", "ymin", "xmax", "ymax"))
            labels = sample.get("image/object/class/label", ())
            for label, x0, y0, x1, y1 in zip(labels, *edges, strict=True):
                box = [x0 * picture.width, y0 * picture.height, (x1 - x0) * picture.width, (y1 - y0) * picture.height]
                assert off_by(picture, sorted(CLASSES)[label - 1], box) <= 1
            samples.append((sample["manifest/key"].decode(), len(labels)))
    assert [count for _, count in sorted(samples)] == [len(row["bbox"]) for row in in_manifest(out_dirs["tfrecord"])]


@pytest.mark.parametrize("sizes", [[32], [32, 16]])
def test_splits_of_which_some_have_no_boxes(tmp_path: Path, sizes: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Imagefolder loads each of them, but not all together; the card has code that does, and archives load."""
    import datasets

    images = all_orientations()[:5]
    draw(images[:3], tmp_path / "train", tmp_path / "boxes.csv")
    draw(images[3:], tmp_path / "val", tmp_path / "unused.csv")
    warning = (
        "load_dataset cannot load the splits together, because no image of val has boxes or labels: load each split by "
        "itself, as README.md says, or use another --layout"
    )
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    for layout in ("files", "parquet"):
        out = tmp_path / layout
        flags = ["-s", *sizes, "-ext", "png", "--layout", layout, "--boxes", tmp_path / "boxes.csv"]
        process = run("-i", tmp_path / "train", tmp_path / "val", "-o", out, *flags)
        assert process.returncode == 0, process.stderr
        assert (warning in process.stderr) == (layout == "files")
    loaded = datasets.load_dataset(str(tmp_path / "parquet"))
    assert {name: [len(row["bbox"]) for row in split["objects"]] for name, split in loaded.items()} == {
        "train": [3, 3, 3],
        "val": [0, 0],
    }
    with pytest.raises(ValueError, match="have different features"):
        datasets.load_dataset(str(tmp_path / "files"))
    code = re.findall(r"```python\n(.*?)\n```", (tmp_path / "files" / "README.md").read_text(), re.DOTALL)[0]
    found: list[tuple[str, tuple[int, int], int]] = []
    monkeypatch.chdir(tmp_path / "files")
    exec(code, {"print": lambda folder, row: found.append((folder, row["image"].size, len(row["objects"]["bbox"])))})
    folders = [f"32/{split}" if len(sizes) == 2 else split for split in ("train", "val")]
    assert [(folder, max(size), boxes) for folder, size, boxes in found] == [
        *[(folders[0], 32, 3)] * 3,
        *[(folders[1], 32, 0)] * 2,
    ]


def test_pycocotools(out_dirs: dict[str, Path]) -> None:
    from pycocotools.coco import COCO

    out = out_dirs["files"]
    coco = COCO(out / "coco.json")
    assert [category["name"] for category in coco.loadCats(coco.getCatIds())] == NAMES
    by_name = {row["path"]: row["objects"] for row in rows(out, "manifest")}
    assert len(coco.getImgIds()) == len(by_name)
    for image in coco.loadImgs(coco.getImgIds()):
        boxes = coco.loadAnns(coco.getAnnIds(imgIds=image["id"], iscrowd=None))
        assert [box["bbox"] for box in boxes] == by_name[image["file_name"]]["bbox"]
        assert [box["category_id"] for box in boxes] == by_name[image["file_name"]]["category"]
    dogs = coco.getImgIds(catIds=[NAMES.index("Dog")])
    assert len(dogs) == sum(NAMES.index("Dog") in objects["category"] for objects in by_name.values())
    small = coco.getAnnIds(areaRng=[0, 500])
    areas = [box[2] * box[3] for objects in by_name.values() for box in objects["bbox"]]
    assert len(small) == sum(area < 500 for area in areas)
