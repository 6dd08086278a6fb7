"""Undocumented interfaces of Pillow: each one works with this Pillow, and the error for a missing one names it."""

import importlib
import io
import os
import re
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL
import pytest
from PIL import BmpImagePlugin, IcoImagePlugin, Image, ImageFile, PsdImagePlugin, TgaImagePlugin, TiffImagePlugin

from tests.support import ROOT, image_bytes, write_tree
from tests.transforms.imaging.files import png, png_rows, psd
from transforms.imaging import compat
from transforms.imaging.errors import PillowVersionError
from transforms.imaging.resize import process_image
from transforms.imaging.spec import ResizeSpec

RED = Image.new("RGB", (8, 4), "#ff0000")


def opened(image: Image.Image, image_format: str, **parameters: Any) -> Any:
    return Image.open(io.BytesIO(image_bytes(image, image_format, **parameters)))


def tga_with_palette() -> Any:
    """Open a TGA of two pixels, whose palette has 32-bit entries."""
    header = struct.pack("<BBBHHBHHHHBB", 0, 1, 1, 0, 2, 32, 0, 0, 2, 1, 8, 8)
    return Image.open(io.BytesIO(header + bytes([30, 20, 10, 0, 60, 50, 40, 255]) + b"\0\1"))


def icon() -> Any:
    return opened(Image.new("RGBA", (16, 16), "#ff0000"), "ICO", bitmap_format="bmp", sizes=[(16, 16)])


def bitmap() -> Any:
    return BmpImagePlugin.DibImageFile(io.BytesIO(compat.icon_frame(icon())[0]))


def photoshop_file() -> Any:
    return Image.open(io.BytesIO(psd(8, 3, 3)))


# --- each one works


def test_openers_know_the_first_bytes_of_their_format() -> None:
    opener, accepts = compat.opener_of("PNG")
    data = image_bytes(RED, "PNG")
    assert accepts is not None
    assert (accepts(data[:16]), accepts(b"BM" + bytes(14))) == (True, False)
    image = opener(io.BytesIO(data), "")
    assert isinstance(image, Image.Image)
    assert image.size == (8, 4)


def test_a_decoder_reads_the_whole_file_at_once() -> None:
    image = opened(RED, "PNG")
    reads: list[int] = []
    read = image.fp.read

    def record(length: int = -1) -> bytes:
        reads.append(length)
        return bytes(read(length))

    compat.read_at_once(image, 1_000_000)
    compat.read_at_once(image, 10)  # does not lower it
    image.load_read = record
    image.load()
    assert reads[0] == 1_000_000
    assert image.tobytes() == RED.tobytes()


@pytest.mark.parametrize(("bits", "mode"), [(1, "1"), (2, "L;2"), (4, "L;4"), (8, "L"), (16, "I;16B")])
def test_raw_modes_of_gray_pngs(bits: int, mode: str) -> None:
    image = Image.open(io.BytesIO(png((2, 1), png_rows(bytes(4)), bits=bits, color_type=0)))
    assert compat.raw_mode_of(image) == mode
    assert compat.raw_mode_of(opened(RED, "WEBP")) in ("", "RGB")


def test_decoders_that_are_written_in_python() -> None:
    assert compat.python_codec(opened(RED, "QOI")) == "qoi"
    assert compat.python_codec(Image.open(io.BytesIO(b"P2 1 1 255 7"))) == "ppm_plain"
    assert [compat.python_codec(opened(RED, name)) for name in ("PPM", "PNG", "JPEG", "TIFF", "TGA", "BMP")] == [""] * 6


def test_the_core_library_is_the_one_that_is_loaded() -> None:
    assert compat.core_library() == importlib.import_module("PIL._imaging").__file__


def test_compressions_of_tiff() -> None:
    assert compat.tiff_compression(opened(RED, "TIFF")) == "raw"
    assert compat.tiff_compression(opened(RED, "TIFF", compression="tiff_lzw")) == "tiff_lzw"
    assert 5 in compat.tiff_compressions()
    assert 34887 not in compat.tiff_compressions()  # LERC


def test_libtiff_decodes_an_uncompressed_tiff() -> None:
    image = opened(RED.convert("YCbCr"), "TIFF")
    assert image.tile[0].codec_name == "raw"
    compat.decode_tiff_by_libtiff(image, "RGBX")
    assert image.tile[0].codec_name == "libtiff"
    red, green, blue = image.getpixel((0, 0))
    assert (image.mode, red > 250, green < 5, blue < 5) == ("RGB", True, True, True)


def test_a_turned_tiff_keeps_the_dimensions_of_its_pixels() -> None:
    image = opened(RED, "TIFF", tiffinfo={0x0112: 6})
    assert image.size == (4, 8)
    compat.keep_tiff_as_stored(image)
    assert image.size == (8, 4)


def test_photoshop_modes_and_resources() -> None:
    assert (3, 8) in compat.psd_modes()
    assert (3, 16) not in compat.psd_modes()
    data = psd(8, 3, 3)
    resource = b"8BIM" + struct.pack(">HHI", 1060, 0, 4) + b"body"
    data = data[:30] + struct.pack(">I", len(resource)) + resource + data[34:]
    image = Image.open(io.BytesIO(data))
    assert isinstance(image, PsdImagePlugin.PsdImageFile)
    assert compat.psd_resources(image) == {1060: b"body"}


def test_bands_are_decoded_from_where_they_are() -> None:
    image = photoshop_file()
    file = image.fp
    file.seek(0, io.SEEK_END)
    end = file.tell()
    file.write(bytes([10]) * 64 + bytes([20]) * 64)
    compat.decode_bands(image, "LA", [compat.Band("raw", end, "L"), compat.Band("raw", end + 64, "A")])
    assert image.mode == "LA"
    assert [tile.offset for tile in image.tile] == [end, end + 64]


def test_the_sampling_of_a_jpeg() -> None:
    assert compat.jpeg_sampling(opened(RED, "JPEG", subsampling=2)) == [(2, 2), (1, 1), (1, 1)]
    assert compat.jpeg_sampling(opened(RED.convert("L"), "JPEG")) == [(1, 1)]


def test_a_transparent_palette_is_decoded() -> None:
    image = tga_with_palette()
    compat.allow_transparent_palette(image)
    assert image.convert("RGBA").tobytes() == bytes([10, 20, 30, 0, 40, 50, 60, 255])


def test_the_frame_of_an_icon() -> None:
    frame, bits = compat.icon_frame(icon())
    assert (frame[:4], bits) == (struct.pack("<I", 40), 32)
    assert compat.bitmap_layout(bitmap()) == (40, -1)


# --- each one may be missing

SENTENCE = f"Pillow {PIL.__version__} no longer has {{}}: install Pillow 12.3, which has it"

# An interface that a new Pillow may lack: its owner, its name, the function that uses it, and its name in the message.
Missing = tuple[Callable[[], Any], str, Callable[[Any], object], str]
OPENED_TIFF = opened(RED, "TIFF")


def an_image(image_format: str) -> Callable[[], Any]:
    return lambda: opened(RED, image_format)


def by_libtiff(image: Any) -> None:
    compat.decode_tiff_by_libtiff(image, "RGBX")


def without_bands(image: Any) -> None:
    compat.decode_bands(image, "L", [])


MISSING: list[Missing] = [
    (lambda: Image, "OPEN", lambda _: compat.opener_of("PNG"), "PIL.Image.OPEN"),
    (
        lambda: Image,
        "DECODERS",
        lambda _: compat.python_codec(Image.open(io.BytesIO(b"P2 1 1 255 7"))),
        "PIL.Image.DECODERS",
    ),
    (lambda: ImageFile, "_Tile", lambda _: by_libtiff(OPENED_TIFF), "PIL.ImageFile._Tile"),
    (lambda: PsdImagePlugin, "MODES", lambda _: compat.psd_modes(), "PIL.PsdImagePlugin.MODES"),
    (
        lambda: TiffImagePlugin,
        "COMPRESSION_INFO",
        lambda _: compat.tiff_compressions(),
        "PIL.TiffImagePlugin.COMPRESSION_INFO",
    ),
    (
        an_image("PNG"),
        "decodermaxblock",
        lambda image: compat.read_at_once(image, 9),
        "PngImageFile.decodermaxblock",
    ),
    (an_image("PNG"), "tile", compat.raw_mode_of, "PngImageFile.tile"),
    (an_image("PNG"), "tile", compat.python_codec, "PngImageFile.tile"),
    (an_image("TIFF"), "_compression", compat.tiff_compression, "TiffImageFile._compression"),
    (an_image("TIFF"), "_tile_size", compat.keep_tiff_as_stored, "TiffImageFile._tile_size"),
    (an_image("TIFF"), "_size", compat.keep_tiff_as_stored, "TiffImageFile._size"),
    (an_image("TIFF"), "_tile_size", by_libtiff, "TiffImageFile._tile_size"),
    (an_image("TIFF"), "tile", by_libtiff, "TiffImageFile.tile"),
    (an_image("TIFF"), "use_load_libtiff", by_libtiff, "TiffImageFile.use_load_libtiff"),
    (photoshop_file, "resources", compat.psd_resources, "PsdImageFile.resources"),
    (photoshop_file, "_mode", without_bands, "PsdImageFile._mode"),
    (photoshop_file, "tile", without_bands, "PsdImageFile.tile"),
    (an_image("JPEG"), "layer", compat.jpeg_sampling, "JpegImageFile.layer"),
    (icon, "ico", compat.icon_frame, "IcoImageFile.ico"),
    (bitmap, "tile", compat.bitmap_layout, "DibImageFile.tile"),
]


@pytest.mark.parametrize("case", MISSING, ids=[f"{case[3]} {number}" for number, case in enumerate(MISSING)])
def test_what_a_new_pillow_lacks_is_named(monkeypatch: pytest.MonkeyPatch, case: Missing) -> None:
    make_owner, name, use, called = case
    owner = make_owner()
    monkeypatch.delattr(owner, name)
    with pytest.raises(PillowVersionError) as raised:
        use(owner)
    assert str(raised.value) == SENTENCE.format(called)


@pytest.mark.parametrize("name", ["entry", "buf"])
def test_parts_of_an_icon_that_a_new_pillow_lacks(name: str) -> None:
    image = icon()
    assert isinstance(image, IcoImagePlugin.IcoImageFile)
    delattr(image.ico, name)
    with pytest.raises(PillowVersionError, match=re.escape(SENTENCE.format(f"IcoFile.{name}"))):
        compat.icon_frame(image)


def test_a_palette_without_a_raw_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    image = tga_with_palette()
    assert isinstance(image, TgaImagePlugin.TgaImageFile)
    monkeypatch.delattr(image.palette, "rawmode")
    with pytest.raises(PillowVersionError, match=re.escape(SENTENCE.format("ImagePalette.rawmode"))):
        compat.allow_transparent_palette(image)


def test_a_directory_of_tags_without_its_offset(monkeypatch: pytest.MonkeyPatch) -> None:
    image = opened(RED, "TIFF")
    monkeypatch.delattr(image.tag_v2, "_offset")
    with pytest.raises(PillowVersionError, match="ImageFileDirectory_v2"):
        compat.decode_tiff_by_libtiff(image, "RGBX")


def test_a_core_library_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL._imaging", None)  # makes the import fail
    with pytest.raises(PillowVersionError) as raised:
        compat.core_library()
    assert str(raised.value) == SENTENCE.format("PIL._imaging")


# Removes `decodermaxblock`, which opening uses, from Pillow's images.
DROPPED = """
from PIL import ImageFile
init = ImageFile.ImageFile.__init__
def init_without(self, *args):
    init(self, *args)
    del self.decodermaxblock
ImageFile.ImageFile.__init__ = init_without
"""


def test_no_image_is_blamed_for_a_new_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    data = image_bytes(RED, "PNG")
    monkeypatch.setattr(ImageFile.ImageFile, "__init__", ImageFile.ImageFile.__init__)  # restored afterwards
    exec(DROPPED, {})
    with pytest.raises(PillowVersionError) as raised:
        process_image(data, ResizeSpec(sizes=(4,)))
    assert str(raised.value) == SENTENCE.format("PngImageFile.decodermaxblock")


@pytest.mark.slow
def test_a_run_ends_with_the_sentence(tmp_path: Path) -> None:
    source = write_tree(tmp_path / "in", {"a.png": image_bytes(RED, "PNG")})
    site = write_tree(tmp_path / "site", {"sitecustomize.py": DROPPED.encode()})  # loaded by worker processes, too
    command = [sys.executable, "image_resizer.py", "-i", str(source), "-o", str(tmp_path / "out")]
    environment = {**os.environ, "PYTHONPATH": str(site)}
    ended = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=environment, check=False)
    assert ended.returncode == 1
    assert SENTENCE.format("PngImageFile.decodermaxblock") in ended.stderr
    assert "Traceback" not in ended.stderr
