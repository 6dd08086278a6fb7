"""Changed defaults: those of a new dataset, and those with which an older dataset is continued."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from pipeline.run import main
from tests.pipeline.conftest import Make
from tests.support import jpeg, photo_tree, rows, snapshot, write_tree
from tests.support.state import markers, state_of
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow

OLD = ("--orientation", "stored", "--split", "photos")
KEPT = "was started with other defaults, and keeps them: --split photos --orientation stored"


@pytest.fixture
def sideways(tmp_path: Path) -> Path:
    """Return a folder with a photograph of 60 x 40 pixels that EXIF rotates by 90 degrees, and an upright one."""
    exif = Image.Exif()
    exif[0x0112] = 6
    files = {"turned.jpg": jpeg(1, (60, 40), exif=exif), "plain.jpg": jpeg(2, (60, 40))}
    return write_tree(tmp_path / "photos", files)


def sizes(out: Path) -> dict[str, tuple[int, int]]:
    return {path.name: Image.open(io.BytesIO(path.read_bytes())).size for path in out.rglob("*.jpg")}


@pytest.mark.parametrize(
    ("flags", "size"),
    [
        ([], (20, 30)),
        (["--orientation", "auto"], (20, 30)),
        (["--orientation", "exif", "--exact"], (20, 30)),
        (["--exact"], (30, 20)),
        (["--orientation", "auto", "--exact"], (30, 20)),
        (["--orientation", "stored"], (30, 20)),
    ],
)
def test_pictures_are_upright_by_default(
    make: Make, sideways: Path, tmp_path: Path, flags: list[str], size: tuple[int, int]
) -> None:
    out = tmp_path / "out"
    shown = make("-i", sideways, "-o", out, "-s", 30, *flags)
    assert sizes(out) == {"turned.jpg": size, "plain.jpg": (30, 20)}
    upright = size == (20, 30)
    assert f"orientation in EXIF or XMP, {'applied' if upright else 'not applied'}: 1" in shown
    plan = json.loads((state_of(out) / "config.json").read_text())
    assert plan["settings"]["orientation"] == ("exif" if upright else "stored")
    by_source = {row["source"]: row for row in rows(out, "manifest")}
    assert by_source["turned.jpg"]["orientation"] == (6 if upright else 1)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_dataset_that_was_begun_under_old_defaults_goes_on_with_them(
    make: Make, sideways: Path, tmp_path: Path, layout: str
) -> None:
    out, args = tmp_path / "out", ("-s", 30, "--layout", layout)
    make("-i", sideways, "-o", out, *args, *OLD)
    before, at = snapshot(out), markers(out)
    shown = make("-i", sideways, "-o", out, *args)
    assert shown[:3] == [
        f"{out} {KEPT}",
        f"continuing the dataset in {out}",
        "nothing to do: all 2 images were already committed, and none was read",
    ]
    assert (snapshot(out), markers(out)) == (before, at)
    assert make("-i", sideways, "-o", out, *args, "--verify")[0] == f"{out} {KEPT}"

    write_tree(sideways, {"later.jpg": (sideways / "turned.jpg").read_bytes()})
    make("-i", sideways, "-o", out, *args)
    make("-i", sideways, "-o", tmp_path / "whole", *args, *OLD)
    assert snapshot(out) == snapshot(tmp_path / "whole")


def test_a_flag_that_is_given_decides(make: Make, sideways: Path, tmp_path: Path) -> None:
    out, args = tmp_path / "out", ("-i", sideways, "-s", 30)
    make(*args, "-o", out, *OLD)
    before = snapshot(out)
    for flags, made, wanted in (
        (["--orientation", "auto"], "--orientation 'stored'", "--orientation 'exif'"),
        (["--orientation", "exif"], "--orientation 'stored'", "--orientation 'exif'"),
        (["--split", "train"], "--split ['photos']", "--split ['train']"),
    ):
        shown = make(*args, "-o", out, *flags, expect=2)[-1]
        assert shown.startswith(
            f"image_resizer: {str(out)!r} holds a dataset made with {made}, but this run is with {wanted}: use the same"
        )
    assert snapshot(out) == before
    make(*args, "-o", out, *OLD)
    make(*args, "-o", out, "--overwrite")
    make(*args, "-o", tmp_path / "new")
    assert snapshot(out) == snapshot(tmp_path / "new") != before


def test_an_estimate_counts_what_such_a_dataset_has(
    make: Make, sideways: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    make("-i", sideways, "-o", tmp_path / "out", "-s", 30, *OLD)
    args = [str(arg) for arg in ("-i", sideways, "-o", tmp_path / "out", "-s", 30, "--estimate", 2)]
    assert main(args) == 0
    assert "2 of 2 images committed" in capsys.readouterr().out


def test_a_single_input_is_the_split_train(make: Make, tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("-i", photo_tree(tmp_path / "1024", 2), "-o", out, "-s", 16, "--layout", "webdataset", "-ext", "jpg")
    assert [path.name for path in out.glob("*.tar")] == ["train-00000-of-00001.tar"]
    card = (out / "README.md").read_text()
    assert "pretty_name: '1024'\n" in card
    assert "| train | 2 |" in card
    assert "python image_resizer.py -i IN -o OUT -s 16 --layout webdataset --extension jpg\n" in card
