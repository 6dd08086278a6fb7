import pytest

from transforms.imaging.opening import FORMATS
from transforms.model import file_names, keys


@pytest.mark.parametrize(
    ("path", "extension", "is_candidate", "key"),
    [
        ("a/b.jpg", ".jpg", True, "a/b"),
        ("a/B.JPEG", ".jpeg", True, "a/B"),
        ("x.y.webp", ".webp", True, "x.y"),
        ("a.b/c", "", False, "a.b/c"),
        (".jpg", "", False, ".jpg"),
        ("notes.txt", ".txt", False, "notes.txt"),
        ("photo.eps", ".eps", False, "photo"),
        ("photo.HEIC", ".heic", True, "photo"),
        ("b.jpg?size=large", ".*", False, "b.jpg?size=large"),
        ("img.0001", ".*", False, "img.0001"),
        ("photo.jpg.gz", ".gz", False, "photo.jpg.gz"),
        ("odd.a b", ".*", False, "odd.a b"),
        ("long.abcdefghijk", ".*", False, "long.abcdefghijk"),
    ],
)
def test_the_parts_of_a_path(path: str, extension: str, is_candidate: bool, key: str) -> None:
    assert file_names.extension_of(path) == extension
    assert file_names.is_candidate(path) is is_candidate
    assert file_names.is_candidate(path, any_name=True)
    assert keys.key_of(path) == key


@pytest.mark.parametrize(
    "path",
    [
        *("__MACOSX/a/._b.jpg", "x/__MACOSX/b.jpg", "._b.jpg", "x/._b.jpg", ".DS_Store", "x/.DS_Store", "Thumbs.db"),
        *("x/thumbs.db", "ehthumbs.db", "desktop.ini", "x/@eaDir/b.jpg/SYNOPHOTO_THUMB_M.jpg", ".AppleDouble/b.jpg"),
        *(".Trashes/501/b.jpg", ".Trash-1000/files/b.jpg", "$RECYCLE.BIN/b.jpg", ".ipynb_checkpoints/b.jpg"),
        *("System Volume Information/b.jpg", ".Spotlight-V100/b.jpg", ".fseventsd/b", ".TemporaryItems/b.jpg"),
    ],
)
def test_system_files(path: str) -> None:
    assert file_names.is_system_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *("a.jpg", "MACOSX/a.jpg", "_a.jpg", "__a.jpg", ".a.jpg", "..jpg", "__MACOSX.jpg", "@eaDir.jpg", "@ea/a.jpg"),
        *("Thumbs/a.jpg", "Thumbs.db/a.jpg", "DS_Store", ".hidden/a.jpg", "._x/a.jpg", "a._b.jpg", "trash-1/a.jpg"),
    ],
)
def test_other_files_are_not_system_files(path: str) -> None:
    assert not file_names.is_system_file(path)


def test_no_format_that_starts_another_program_is_opened() -> None:
    assert not file_names.CANDIDATE_EXTENSIONS & {"eps", "ps", "wmf", "emf", "pdf", "svg", "mpg"}
    assert not set(FORMATS) & {"EPS", "WMF", "PDF", "GBR"}
