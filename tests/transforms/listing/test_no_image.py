import pytest

from transforms.listing.no_image import no_image_message

CONTENT = "give --any_name to try every file by its content"
ELSE = "give a folder or pattern with images"


@pytest.mark.parametrize(
    ("others", "system_files", "told"),
    [
        ({}, 0, f"; {ELSE}"),
        ({}, 2, f": 2 system files; {ELSE}"),
        (
            {".heic": 3, "": 12},
            0,
            f": 12 without an extension, 3 .heic; convert .heic to JPEG or PNG, since no decoder here reads it, or "
            f"{CONTENT}, or {ELSE}",
        ),
        (
            {".heic": 1, ".jxl": 2000},
            1,
            ": 2,000 .jxl, 1 .heic, 1 system file; convert .heic and .jxl to JPEG or PNG, since no decoder here reads "
            f"them, or {ELSE}",
        ),
        ({".zip": 1}, 0, f": 1 .zip; unpack .zip, or {ELSE}"),
        ({".*": 4}, 0, f": 4 with an odd extension; {CONTENT}, or {ELSE}"),
        (
            {f".{letter}": 1 for letter in "abcdefg"},
            0,
            f": 1 .a, 1 .b, 1 .c, 1 .d, 1 .e, 2 of other kinds; {CONTENT}, or {ELSE}",
        ),
    ],
)
def test_what_there_is_and_what_to_do(others: dict[str, int], system_files: int, told: str) -> None:
    assert no_image("-i 'x'", others, system_files) == f"-i 'x' holds no image{told}"
