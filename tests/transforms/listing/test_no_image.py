import pytest

from transforms.listing.no_image import no_image_message

ANY_NAME = "use --any_name to try every file"
OTHER_INPUT = "use a folder or pattern that contains images"


@pytest.mark.parametrize(
    ("others", "system_files", "expected"),
    [
        ({}, 0, f"; {OTHER_INPUT}"),
        ({}, 2, f": 2 system files; {OTHER_INPUT}"),
        (
            {".heic": 3, "": 12},
            0,
            ": 12 without an extension, 3 .heic; pip install 'downsampled-open-images[heif]', or "
            f"{ANY_NAME}, or {OTHER_INPUT}",
        ),
        (
            {".heic": 1, ".hif": 2, ".jxl": 2000},
            1,
            ": 2,000 .jxl, 2 .hif, 1 .heic, 1 system file; pip install 'downsampled-open-images[heif]', or "
            f"pip install 'downsampled-open-images[jxl]', or {OTHER_INPUT}",
        ),
        (
            {".jxr": 1, ".svg": 2},
            0,
            ": 2 .svg, 1 .jxr; convert .jxr and .svg to JPEG or PNG, because no installed decoder supports them, or "
            f"{OTHER_INPUT}",
        ),
        (
            {".svg": 2, ".mp4": 1},
            0,
            ": 2 .svg, 1 .mp4; convert .svg to JPEG or PNG, because no installed decoder supports it, or "
            f"{OTHER_INPUT}",
        ),
        ({".txt": 1, ".mp3": 1}, 0, f": 1 .mp3, 1 .txt; {OTHER_INPUT}"),
        ({".txt": 1, ".photo": 1}, 0, f": 1 .photo, 1 .txt; {ANY_NAME}, or {OTHER_INPUT}"),
        ({".zip": 1}, 0, f": 1 .zip; unpack .zip, or {OTHER_INPUT}"),
        ({".*": 4}, 0, f": 4 with an odd extension; {ANY_NAME}, or {OTHER_INPUT}"),
        (
            {f".x{letter}": 1 for letter in "abcdefg"},
            0,
            f": 1 .xa, 1 .xb, 1 .xc, 1 .xd, 1 .xe, 2 of other kinds; {ANY_NAME}, or {OTHER_INPUT}",
        ),
    ],
)
def test_the_message_names_the_contents_and_what_to_do(
    others: dict[str, int], system_files: int, expected: str
) -> None:
    assert no_image_message("-i 'x'", others, system_files) == f"-i 'x' contains no images{expected}"
