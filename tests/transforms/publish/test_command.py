import dataclasses
import shlex
from pathlib import Path

import pytest

from pipeline.cli.options import parse
from tests.support import photo_tree
from transforms.dataset.settings import settings
from transforms.publish.command import command_of

START = ["python", "image_resizer.py", "-i", "IN", "-o", "OUT"]


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], ["-s", "512"]),
        (["-s", "256", "512", "-a", "LANCZOS", "-j", "3"], ["-s", "512", "256"]),
        (["-ext", "jpg", "--only_shrink"], ["-s", "512", "--extension", "jpg", "--only_shrink"]),
        (["--sample", "0.1", "--quality", "90"], ["-s", "512", "--sample", "1/10", "--quality", "90"]),
        (
            ["--layout", "parquet", "--images_per_shard", "1000", "--label_from", "folder"],
            ["-s", "512", "--layout", "parquet", "--label_from", "folder"],
        ),
        (["--images_per_shard", "7"], ["-s", "512", "--images_per_shard", "7"]),
        (["--columns", "c x.csv"], ["-s", "512", "--columns", "FILE"]),
        (["--split", "val"], ["-s", "512", "--split", "val"]),
        (["--orientation", "auto"], ["-s", "512"]),
        (["--orientation", "stored"], ["-s", "512", "--orientation", "stored"]),
        (["--exact"], ["-s", "512", "--exact"]),
        (["--exact", "--orientation", "exif"], ["-s", "512", "--orientation", "exif", "--exact"]),
    ],
)
def test_the_command_has_the_same_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: list[str], words: list[str]
) -> None:
    photo_tree(tmp_path / "train", 1)
    (tmp_path / "IN").symlink_to("train")
    monkeypatch.chdir(tmp_path)
    wanted = settings(parse(["-i", "train", "-o", "somewhere", *flags]).config)
    assert shlex.split(command_of(wanted)) == [*START, *words]
    assert settings(parse(shlex.split(command_of(wanted))[2:]).config) == wanted


def test_the_command_names_each_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("train", "b"):
        photo_tree(tmp_path / name, 1)
    options = parse(["-i", "train", "b", "-o", "x"])
    assert command_of(settings(options.config)) == "python image_resizer.py -i train b -o OUT -s 512"
    named = dataclasses.replace(options.config, splits=options.config.splits[:1])
    assert command_of(settings(named)) == "python image_resizer.py -i IN -o OUT -s 512"
