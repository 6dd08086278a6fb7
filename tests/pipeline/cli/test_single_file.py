"""An input that is one file: an image or an archive is accepted, any other file is refused with advice."""

from pathlib import Path

import pytest

from pipeline.cli.options import parse
from pipeline.errors import UsageError
from tests.pipeline.conftest import Make
from tests.support import jpeg, rows, write_tree
from transforms.imaging import extras
from transforms.model.config import Split

ARCHIVES = (
    *("a.tar.bz2", "a.tbz2", "a.tar.xz", "a.tar.zst", "a.7z", "A.RAR", "a.gz"),
    *("a.tfrecord", "a.tfrecords", "a.arrow", "a.h5", "a.npz", "a.lmdb"),
)
LISTS = ("a.txt", "a.csv", "a.tsv", "a.jsonl", "a.parquet", "a.csv.gz")
TEXTS = ("a.json", "a.xml", "a.html")


def refusal(*args: object) -> str:
    with pytest.raises(UsageError) as caught:
        parse([*map(str, args), "-o", "out"])
    return str(caught.value)


@pytest.mark.parametrize("name", ARCHIVES)
def test_an_archive_of_another_kind_has_to_be_unpacked(tmp_path: Path, name: str) -> None:
    file = write_tree(tmp_path, {name: b""}) / name
    sentence = "is an unsupported kind of archive: unpack it and pass the folder, or repack it as .tar or .zip"
    assert refusal("-i", file) == f"-i {str(file)!r} {sentence}"
    assert refusal("-i", file, "--any_name") == f"-i {str(file)!r} {sentence}"
    assert refusal("-i", f"gs://bucket/{name}") == f"-i 'gs://bucket/{name}' {sentence}"


@pytest.mark.parametrize("name", ["a[1].tar", "a.zip", "A.ZIP", "a.tar.gz", "a.b.TGZ"])
def test_an_archive_that_is_read_is_a_split(tmp_path: Path, name: str) -> None:
    file = write_tree(tmp_path, {f"cats/{name}": b""}) / "cats" / name
    folder = tmp_path / "cats"
    escaped = str(folder / name.replace("[", "[[]"))
    assert parse(["-i", str(file), "-o", "out"]).config.splits == (Split("train", escaped, str(folder)),)
    if "[" not in name:  # a pattern on a store
        stored = parse(["-i", f"gs://bucket/cats/{name}", "-o", "out"]).config.splits
        assert stored == (Split("train", f"gs://bucket/cats/{name}", "gs://bucket/cats"),)


def test_an_archive_may_name_its_split(tmp_path: Path) -> None:
    write_tree(tmp_path, {"in/train.zip": b"", "in/Val.tar.gz": b"", "in/more.tar": b"", "in/x.tar": b""})
    files = [str(tmp_path / "in" / name) for name in ("train.zip", "Val.tar.gz")]
    assert [split.name for split in parse(["-i", *files, "-o", "out"]).config.splits] == ["train", "Val"]
    more = str(tmp_path / "in" / "more.tar")
    assert [split.name for split in parse(["-i", *files, more, "-o", "out"]).config.splits] == ["train", "Val", "in"]
    where = (
        f"-i has 2 files from '{tmp_path}/in': pass the folder, or a pattern in quotes, such as '{tmp_path}/in/*.tar'"
    )
    assert refusal("-i", more, tmp_path / "in" / "x.tar") == f"{where}, or use --split with a name for each"


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_a_split(tmp_path: Path, name: str) -> None:
    file = write_tree(tmp_path, {name: b""}) / name
    (split,) = parse(["-i", str(file), "-o", "out"]).config.splits
    assert split == Split("train", str(file), str(tmp_path), is_list=True)
    (split,) = parse(["-i", f"gs://bucket/val/{name}", "-o", "out"]).config.splits
    assert split == Split("train", f"gs://bucket/val/{name}", "gs://bucket/val", is_list=True)
    (split,) = parse(["-i", f"https://x.org/b/{name}?v=2", "-o", "out"]).config.splits
    assert split == Split("train", f"https://x.org/b/{name}?v=2", "https://x.org/b", is_list=True)
    names = [split.name for split in parse(["-i", str(file), f"gs://b/val.{name[2:]}", "-o", "out"]).config.splits]
    assert names == ["a", "val"]


def test_a_web_address_is_a_split() -> None:
    (split,) = parse(["-i", "https://x.org/val/b.jpg?v=2", "-o", "out"]).config.splits
    assert split == Split("val", "https://x.org/val/b.jpg?v=2", "https://x.org/val", is_url=True)


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_no_input(tmp_path: Path, name: str) -> None:
    file = write_tree(tmp_path, {name: b""}) / name
    sentence = (
        "is a text file, not an image: use the folder that contains the images, or a list of them that ends with .txt, "
        ".csv, .tsv, .jsonl or .parquet"
    )
    assert refusal("-i", file) == f"-i {str(file)!r} {sentence}"
    assert refusal("-i", f"gs://bucket/{name}") == f"-i 'gs://bucket/{name}' {sentence}"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("a.jxr", "cannot be read because no installed decoder supports .jxr: convert it to JPEG or PNG"),
        (
            "a.foo",
            "has the extension '.foo', which is not an image extension: add --any_name if it is an image, or use the",
        ),
        ("a", "has no extension: add --any_name if it is an image, or use the folder that contains the images"),
    ],
)
def test_another_file_is_no_input_by_its_name(tmp_path: Path, name: str, problem: str) -> None:
    file = write_tree(tmp_path, {name: b""}) / name
    assert refusal("-i", file).startswith(f"-i {str(file)!r} {problem}")
    assert parse(["-i", str(file), "-o", "out", "--any_name"]).config.splits[0].pattern == str(file)


def test_a_file_of_a_missing_extra_is_no_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_is_there", lambda _module: False)
    file = write_tree(tmp_path, {"a.heic": b""}) / "a.heic"
    sentence = "cannot be read because the extra for .heic is not installed: "
    assert refusal("-i", file) == f"-i {str(file)!r} {sentence}pip install 'downsampled-open-images[heif]'"


def test_an_image_is_a_split(tmp_path: Path) -> None:
    file = write_tree(tmp_path, {"cats/a[1].JPG": b""}) / "cats" / "a[1].JPG"
    folder = str(tmp_path / "cats")
    assert parse(["-i", str(file), "-o", "out"]).config.splits == (Split("train", f"{folder}/a[[]1].JPG", folder),)
    stored = parse(["-i", "gs://bucket/cats/a.jpg", "-o", "out"]).config.splits
    assert stored == (Split("train", "gs://bucket/cats/a.jpg", "gs://bucket/cats"),)
    (validation,) = parse(["-i", "gs://bucket/val/a.jpg", "-o", "out"]).config.splits
    assert validation.name == "val"


@pytest.mark.parametrize("path", ["gs://my-photos.jpg", "gs://bucket/a.jpg/", "gs://bucket/*.zip"])
def test_a_folder_of_a_store_may_end_like_a_file(path: str) -> None:
    (split,) = parse(["-i", path, "-o", "out"]).config.splits
    assert split.pattern == (path if "*" in path else f"{path.rstrip('/')}/**")


def test_a_link_keeps_its_name(tmp_path: Path) -> None:
    write_tree(tmp_path, {"store/0001.jpg": b""})
    (tmp_path / "cat.jpg").symlink_to(tmp_path / "store" / "0001.jpg")
    (split,) = parse(["-i", str(tmp_path / "cat.jpg"), "-o", "out"]).config.splits
    assert split.pattern == str(tmp_path / "cat.jpg")


def test_a_pattern_without_quotes_is_explained(tmp_path: Path) -> None:
    """In this case the shell passes each matching file to the command."""
    folder = write_tree(tmp_path / "in", {f"{number}.jpg": b"" for number in range(3)})
    sentence = refusal("-i", *sorted(folder.iterdir()))
    where = f"-i has 3 files from {str(folder)!r}: pass the folder, or a pattern in quotes, such as '{folder}/*.jpg'"
    assert sentence == f"{where}, or use --split with a name for each"
    for name in ("one.tar.gz", "two.tar.gz", "a.tar", "b.PNG"):
        write_tree(folder, {name: b""})
    archives = refusal("-i", folder / "one.tar.gz", folder / "two.tar.gz")
    assert archives == (
        f"-i has 2 files from {str(folder)!r}: pass the folder, or a pattern in quotes, such as '{folder}/*.tar.gz', "
        "or use --split with a name for each"
    )
    for others in (("a.tar", "one.tar.gz"), ("0.jpg", "a.tar"), ("0.jpg", "b.PNG")):  # no pattern would match both
        mixed = refusal("-i", *(folder / name for name in others))
        assert mixed == (f"-i has 2 files from {str(folder)!r}: pass the folder, or use --split with a name for each")
    other = write_tree(tmp_path / "other" / "in", {"0.jpg": b""})
    apart = refusal("-i", folder / "0.jpg", other / "0.jpg")
    assert apart == "-i has two inputs named 'in': use --split with a name for each"
    for name in ("one.tar.gz", "two.tar.gz", "a.tar", "b.PNG"):
        (folder / name).unlink()
    named = parse(["-i", *map(str, sorted(folder.iterdir())), "-o", "out", "--split", "a", "b", "c"])
    assert [split.name for split in named.config.splits] == ["a", "b", "c"]


@pytest.mark.slow
def test_an_image_is_made_into_a_dataset(make: Make, tmp_path: Path) -> None:
    folder = write_tree(tmp_path / "in", {"a [1].jpg": jpeg(1, (30, 20)), "b.jpg": jpeg(2, (30, 20))})
    make("-i", folder / "a [1].jpg", "-o", tmp_path / "out", "-s", 16)
    (row,) = rows(tmp_path / "out", "manifest")
    assert (row["key"], row["source"], row["path"], row["status"]) == (*("a [1]", "a [1].jpg", "a [1].jpg", "written"),)
    shown = make("-i", folder / "a [1].jpg", "-o", tmp_path / "out", "-s", 16)
    assert "nothing to do: the only image was already committed, and was not read" in shown
