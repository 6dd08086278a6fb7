"""The last lines of the log, the summary, the card and the report describe unexpected properties of a dataset."""

import os
import re
from pathlib import Path

import pytest
import yaml

from pipeline.run import main
from tests.pipeline.conftest import Make
from tests.pipeline.test_starve import run_to_end, without_privileges
from tests.support import jpeg, rows, summary, write_tree
from tests.support.state import state_of
from transforms.layouts import LAYOUTS

pytestmark = pytest.mark.slow


def card(out: Path) -> str:
    return (out / "README.md").read_text(encoding="utf-8")


def test_enlarged_images_are_warned_of(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"small.jpg": jpeg(1, (40, 30)), "large.jpg": jpeg(2, (300, 200))})
    out = tmp_path / "out"
    shown = make("-i", source, "-o", out, "-s", 400, 100, 40)
    advice = "use --only_shrink to keep the dimensions of such images, with another -o or --overwrite"
    assert shown[-2:] == [
        f"-s 400 made 2 of 2 images (100 %) larger than their sources: {advice}",
        f"-s 100 made 1 of 2 images (50 %) larger than their sources: {advice}",
    ]
    assert summary(out)["enlarged"] == {"400": {"yes": 2}, "100": {"no": 1, "yes": 1}, "40": {"no": 2}}
    assert "Larger than their sources at 400 px: 2 of 2 images (100 %). Larger than" in card(out)
    assert make("-i", source, "-o", out, "-s", 400, 100, 40)[-2:] == shown[-2:]

    shown = make("-i", source, "-o", out, "-s", 400, 100, 40, "--only_shrink", "--overwrite")
    assert not [line for line in shown if "larger" in line]
    assert "arger than" not in card(out)
    shown = make("-i", source, "-o", out, "-s", 100, "--fit", "stretch", "--overwrite")
    assert shown[-1] == "-s 100 made 1 of 2 images (50 %) larger than their sources: use a smaller -s"


def test_markers_of_an_older_version_do_not_know_what_is_enlarged(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"small.jpg": jpeg(1, (40, 30))})
    out, args = tmp_path / "out", ("-i", source, "-o", tmp_path / "out", "-s", 100)
    make(*args)
    (marker,) = (state_of(out) / "shards").iterdir()
    marker.write_text(re.sub(r'"enlarged":\{"100":\{"yes":1\}\},', "", marker.read_text()))
    shown = make(*args)
    assert "nothing to do: the only image was already committed, and was not read" in shown
    assert not [line for line in shown if "larger" in line]
    assert "enlarged" not in summary(out)


def test_an_estimate_tells_what_would_be_enlarged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = write_tree(tmp_path / "in", {"small.jpg": jpeg(1, (40, 30)), "large.jpg": jpeg(2, (300, 200))})
    assert main(["-i", str(source), "-s", "100", "--estimate"]) == 0
    line = "  enlarged to 100 px                  1  50.0 % become larger than their sources: see --only_shrink"
    assert line in capsys.readouterr().out.splitlines()


def test_inputs_that_cannot_be_read_are_named_everywhere(tmp_path: Path) -> None:
    source, out = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (40, 30)), "shut/b.jpg": b""}), tmp_path / "out"
    (source / "gone.jpg").symlink_to("nowhere.jpg")
    (source / "shut").chmod(0)
    shown = run_to_end(0, "-i", source, "-o", out, "-s", 16, preexec=without_privileges)
    what = "'gone.jpg' is a broken link; 'shut' cannot be listed (Permission denied)"
    assert shown[-1] == f"complete, but 2 inputs could not be read: {what}"
    assert summary(out)["unread"] == {"inputs": 2, "examples": what.split("; ")}
    assert f"Inputs that could not be read: 2 ({what})." in card(out)
    assert str(tmp_path) not in card(out)
    assert '<data value="2" data-figure="unread.inputs">2</data>' in (out / "report.html").read_text()
    (source / "shut").chmod(0o755)
    (source / "shut" / "b.jpg").write_bytes(jpeg(2, (40, 30)))
    (source / "gone.jpg").unlink()
    shown = run_to_end(0, "-i", source, "-o", out, "-s", 16, preexec=without_privileges)
    assert not [line for line in shown if "could not be read" in line]
    assert summary(out)["unread"] == {"inputs": 0, "examples": []}
    assert "could not be read" not in card(out)
    assert "unread.inputs" not in (out / "report.html").read_text()


def test_one_input_of_several_splits(make: Make, tmp_path: Path) -> None:
    folders = [write_tree(tmp_path / name, {"a.jpg": jpeg(1, (40, 30))}) for name in ("train", "val")]
    (folders[1] / "gone.jpg").symlink_to("nowhere.jpg")
    (folders[1] / "other").symlink_to(folders[0])  # the target is an input, too
    shown = make("-i", *folders, "-o", tmp_path / "out", "-s", 16)
    assert shown[-1] == "complete, but 1 input could not be read: 'val/gone.jpg' is a broken link"


@pytest.mark.parametrize(
    ("pattern", "unread"),
    [
        ("*.jpg", ["'gone.jpg'"]),
        ("a*.jpg", []),
        ("*/*.jpg", ["'gone.jpg'", "'linked'", "'sub/lost.jpg'", "'void'"]),  # a broken link may point to a folder
        ("sub/*", ["'lost.jpg'"]),
        ("**.jpg", ["'gone.jpg'", "'linked'", "'sub/lost.jpg'", "'void'"]),
        ("**", ["'gone.jpg'", "'linked'", "'sub/lost.jpg'", "'void'"]),
    ],
)
def test_a_pattern_misses_what_it_would_match(make: Make, tmp_path: Path, pattern: str, unread: list[str]) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (40, 30)), "sub/b.jpg": jpeg(2, (40, 30))})
    (tmp_path / "elsewhere").mkdir()
    for name, target in (("gone.jpg", "no"), ("void", "no"), ("sub/lost.jpg", "no"), ("linked", "../elsewhere")):
        (source / name).symlink_to(target)
    shown = make("-i", source / pattern, "-o", tmp_path / "out", "-s", 16)
    named = shown[-1].partition("could not be read: ")[2]
    assert re.findall(r"'[^']+'", named) == unread
    assert summary(tmp_path / "out")["unread"]["inputs"] == len(unread)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_card_of_a_sample_counts_the_images_that_are_in_it(make: Make, tmp_path: Path, layout: str) -> None:
    data = jpeg(1, (9, 9))
    source = write_tree(tmp_path / "in", {f"{number}.jpg": data for number in range(40)})
    authors = "ImageID,License\n" + "".join(f"{number},by\n" for number in range(20))
    (tmp_path / "authors.csv").write_text(authors)
    out = tmp_path / "out"
    make(
        *("-i", source, "-o", out, "-s", 8, 4, "--sample", "1/4", "--layout", layout),
        *("--attribution", tmp_path / "authors.csv"),
    )
    keys = {row["key"] for row in rows(out, "manifest") if row["status"] == "written"}
    assert 0 < len(keys) < 20
    text = card(out)
    assert f"\n| train | {len(keys)} | " in text
    assert "images)" not in text.partition("\n| train | ")[2].partition("\n")[0]
    assert f"Images: {len(keys)} written, 0 failed and {40 - len(keys)} skipped, of 40 matched;" in text
    without = sum(int(key) >= 20 for key in keys)
    assert f"Images without an attribution, which `unmatched-*.jsonl` lists: {without}.\n" in text
    assert f"  by: {len(keys) - without}\n" in (out / "LICENSE").read_text()
    assert f"  (no attribution, see unmatched-*.jsonl): {without}\n" in (out / "LICENSE").read_text()
    described = yaml.safe_load(text.split("---\n")[1]).get("dataset_info", [])
    assert [info["splits"][0]["num_examples"] for info in described] == [len(keys)] * len(described)
    if (out / "croissant.json").exists():
        assert f'"description": "{len(keys)} images, resized; see README.md."' in (out / "croissant.json").read_text()


def test_non_utf8_names_are_told_too(make: Make, tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.jpg": jpeg(1, (40, 30))})
    os.symlink("nowhere", os.fsencode(source) + b"/caf\xe9|*.jpg")
    shown = make("-i", source, "-o", tmp_path / "out", "-s", 16)
    assert shown[-1] == "complete, but 1 input could not be read: 'caf\\udce9|*.jpg' is a broken link"
    assert r"('caf\\udce9\|\*.jpg' is a broken link)" in card(tmp_path / "out")
