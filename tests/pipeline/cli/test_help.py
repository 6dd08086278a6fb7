"""-h prints one page; --help prints all flags."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cli.flags import parser
from pipeline.cli.help import short_page, started_by
from tests.support import ROOT, photo_tree

PAGE = """\
usage: image_resizer -i IN [IN ...] -o OUT [-s SIZE ...] [-ext EXT] [other flags]

Resize a large collection of images. Run the same command again to continue where it stopped.

  -i IN ...            a folder, a pattern, an image, an archive, an object store path such as gs://bucket/train,
                       a web address, or a list of paths and web addresses
  -o OUT               the folder or object store path to write the dataset to
  -s SIZE ...          the longest side in pixels, one or more sizes (default: 512)
  -ext EXT             jpg, png, webp or avif (default: the format of each source)
  --fit FIT            contain, cover, crop, pad or stretch (default: contain)
  --layout LAYOUT      files, webdataset, parquet or tfrecord (default: files)
  --label_from folder  label each image with the name of its folder
  -j N                 the number of worker processes (default: the number of cores)
  --estimate           print the estimated output size, time and cost, and write nothing
  --verify             check the files of the dataset in OUT, and write no images

Examples:
  image_resizer -i photos --estimate
  image_resizer -i photos -o small -s 512 -ext jpg
  image_resizer -i photos -o squares -s 256 128 --fit crop --layout webdataset

--help shows all flags.
"""


def shown(*command: str) -> str:
    return subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_short_page() -> None:
    assert short_page("image_resizer") == PAGE
    script = "image_resizer.py"
    assert shown(script, "-h") == PAGE.replace("  image_resizer -i", f"  {started_by(script, sys.executable)} -i")


def test_the_defaults_on_the_short_page_are_those_of_the_flags() -> None:
    shown = dict(re.findall(r"^  (-\S+) .*\(default: ([a-z0-9]+)\)$", PAGE, re.MULTILINE))
    flags = parser().parse_args(["-i", "x"])
    assert shown == {"-s": str(flags.size[0][0]), "--fit": flags.fit, "--layout": flags.layout}


@pytest.mark.slow
def test_the_examples_of_the_short_page_run_as_they_stand(tmp_path: Path) -> None:
    photo_tree(tmp_path / "photos", 3)
    command = f"{shlex.quote(sys.executable)} {shlex.quote(str(ROOT / 'image_resizer.py'))}"
    examples = re.findall(r"^  (\S.* -i photos.*)$", short_page(command), re.MULTILINE)
    assert len(examples) == 3
    for example in examples:
        subprocess.run(example, shell=True, cwd=tmp_path, check=True, capture_output=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["photos", "small", "squares"]
    assert (tmp_path / "small" / "p000.jpg").exists()
    assert (tmp_path / "squares" / "256" / "train-00000-of-00001.tar").exists()


def test_the_usage_is_one_line_on_both_pages() -> None:
    for flag in ("-h", "--help"):
        first, second, *_ = shown("image_resizer.py", flag).splitlines()
        assert (first, second) == (PAGE.splitlines()[0], "")


def test_help_has_headings_for_its_flags() -> None:
    text = shown("image_resizer.py", "--help")
    assert re.findall(r"^([a-z ]+):$", text, re.MULTILINE) == [
        *("dataset", "existing dataset", "lists and the web", "labels and tables", "card"),
        "annotations",
        *("size", "pixels", "resampling", "encoding"),
        *("accepted images", "estimate", "run", "log and report", "help"),
    ]


def test_the_examples_begin_as_the_program_was_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    python = str(tmp_path / ".venv" / "bin" / "python")
    assert started_by("/usr/bin/image_resizer", python) == "image_resizer"
    assert started_by("image_resizer.py", python) == f"{os.path.join('.venv', 'bin', 'python')} image_resizer.py"
    assert started_by("/x/pipeline/__main__.py", python) == f"{os.path.join('.venv', 'bin', 'python')} -m pipeline"
    assert started_by("../image_resizer.py", "/usr/bin/python3") == "python ../image_resizer.py"
