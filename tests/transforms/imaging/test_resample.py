import gc
import io
import os
import resource
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.fuzz import sanitized
from tests.support import ROOT, jpeg
from tests.support.photos import photo
from tests.transforms.imaging.resizes import (
    FILTERS,
    MODES,
    OTHER_MODES,
    Resize,
    any_resize,
    blocks_of,
    difference,
    memory,
    noise,
)
from transforms.imaging import resample
from transforms.imaging.opening import open_image
from transforms.imaging.resize import Encoded, resize_image
from transforms.imaging.spec import ResizeSpec

LANCZOS = Image.Resampling.LANCZOS
SETS = resample.instruction_sets()
PHOTO = photo(5, (640, 480))

built = pytest.mark.skipif(not SETS, reason="the extension is not built here")
compiled = pytest.mark.skipif(not sanitized.compiler(), reason="gcc is not here")
each_set = pytest.mark.parametrize("instruction_set", SETS or [pytest.param("", marks=built)])


@built
def test_the_extension_does_the_work_where_the_processor_can() -> None:
    assert SETS[-1] == "portable"
    assert resample.active_instruction_set() == (SETS[0] if len(SETS) > 1 else None)
    assert resample.is_available() == (len(SETS) > 1)


@each_set
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("resampling", FILTERS)
def test_every_mode_and_filter(mode: str, resampling: Image.Resampling, instruction_set: str) -> None:
    image = noise(mode, (97, 83))
    for size in ((41, 29), (210, 177), (97, 20), (20, 83), (1, 1), (5, 200)):
        for box in (None, (10.25, 7.5, 80.125, 79.875), (0, 0, 97, 83), (30, 30, 31, 31), (50.5, 2, 50.5, 70)):
            assert difference(Resize(image, size, resampling, box), instruction_set) is None, (size, box)


@each_set
@given(number=st.integers(0, 2**63))
@settings(max_examples=int(os.environ.get("EXACT_CASES", "150")))
def test_any_resize(number: int, instruction_set: str) -> None:
    case = any_resize(number)
    assert difference(case, instruction_set) is None, case


@each_set
@given(side=st.floats(1, 100), share=st.floats(0, 0.9), ulps=st.integers(0, 3))
def test_a_box_may_exceed_the_image_in_its_last_digit(
    side: float, share: float, ulps: int, instruction_set: str
) -> None:
    """Rounding of a product may move a corner outside the image by a few units in the last place."""
    limit = int(side) + 1
    first, last = limit * share, limit * (1 + ulps * sys.float_info.epsilon)
    case = Resize(PHOTO.resize((limit, limit)), (7, 7), LANCZOS, (first, first, last, last))
    assert difference(case, instruction_set) is None, case


@built
@pytest.mark.parametrize("mode", OTHER_MODES)
def test_other_modes_are_pillows(mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample, "_resample", None)
    resampling = LANCZOS if mode in ("I", "F", "I;16") else Image.Resampling.NEAREST
    assert difference(Resize(noise(mode, (40, 30)), (20, 10), resampling, None), "portable") is None


@each_set
@pytest.mark.parametrize(
    ("size", "target"),
    [
        ((60_001, 2), (1, 1)),
        ((2, 60_001), (1, 1)),
        ((2, 60_001), (1, 60_000)),  # in two steps
        ((1, 1), (3000, 3)),
        ((3, 1), (1, 3000)),
        ((40_000, 1), (20_000, 1)),  # more weights than are cached
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_extreme_sides(size: tuple[int, int], target: tuple[int, int], mode: str, instruction_set: str) -> None:
    for resampling in FILTERS:
        assert difference(Resize(noise(mode, size), target, resampling, None), instruction_set) is None


@each_set
@pytest.mark.parametrize(("mode", "size"), [("L", (4100, 4100)), ("RGB", (2100, 2100))])
def test_an_image_in_several_blocks_of_memory(mode: str, size: tuple[int, int], instruction_set: str) -> None:
    image = noise(mode, size)
    with pytest.raises(ValueError, match="multiple"):
        image.__arrow_c_array__()
    box = (1000.5, 1100.25, 1700.75, 1900)
    assert difference(Resize(image, (123, 77), LANCZOS, box), instruction_set) is None


@built
def test_strips_and_what_fits_no_strip(monkeypatch: pytest.MonkeyPatch) -> None:
    """First, rows of 4,000 bytes in four strips of two rows; then, strips that are themselves in several blocks."""
    extension, strips = resample._extension(), []
    across = extension.across

    def counted(weights: Any, array: Any, skip: int, height: int, *rest: Any) -> None:
        strips.append(height)
        across(weights, array, skip, height, *rest)

    monkeypatch.setattr(extension, "across", counted)
    for block, strip, expected in ((8192, 8000, [2, 2, 2, 2]), (4096, 8000, [])):
        strips.clear()
        with blocks_of(block, strip):
            assert difference(Resize(noise("RGB", (1000, 8)), (300, 3), LANCZOS, None), "portable") is None
        assert strips == expected


@built
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_pixels_in_memory_of_others(mode: str) -> None:
    """Pillow 12.3 crashes when it exports the pixels of such an image."""
    borrowed = Image.fromarrow(resample._Pixels(_pixels_of(noise(mode, (64, 48)))), mode, (64, 48))
    assert borrowed.readonly
    assert difference(Resize(borrowed, (20, 15), LANCZOS, None), "portable") is None
    mapped = Image.frombuffer("L", (64, 48), bytes(64 * 48), "raw", "L", 0, 1)
    assert difference(Resize(mapped, (20, 15), LANCZOS, None), "portable") is None


def _pixels_of(image: Image.Image) -> object:
    extension = resample._extension()
    pixels = extension.pixels(1 if image.mode == "L" else 4, *image.size)
    extension.across(None, image.__arrow_c_array__()[1], 0, image.height, pixels, 0, 0xFFFFFFFF)
    return pixels


@built
def test_a_result_can_be_changed_exported_and_resized_again() -> None:
    made = resample.resize(PHOTO, (320, 240), LANCZOS)
    other = PHOTO.resize((320, 240), LANCZOS)
    for image in (made, other):
        image.putpixel((3, 4), (1, 2, 3))
    assert not made.readonly
    assert memory(made) == memory(other)
    assert resample.resize(made, (99, 74), LANCZOS).tobytes() == other.resize((99, 74), LANCZOS).tobytes()


def test_what_belongs_to_the_image_comes_along_as_a_copy() -> None:
    image = PHOTO.copy()
    image.info["dpi"] = (72, 72)
    made = resample.resize(image, (32, 24), LANCZOS)
    image.info["dpi"] = (1, 1)
    assert made.info == {"dpi": (72, 72)}
    assert type(made) is Image.Image


@pytest.mark.parametrize(
    ("size", "box", "message"),
    [
        ((0, 10), None, "height and width must be > 0"),
        ((10, 10), (-1, 0, 10, 10), "box offset can't be negative"),
        ((10, 10), (0, 0, 641, 10), "box can't exceed original image size"),
        ((10, 10), (20, 0, 10, 10), "box can't be empty"),
    ],
)
def test_what_pillow_refuses_is_refused_in_its_words(size: tuple[int, int], box: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        resample.resize(PHOTO, size, LANCZOS, box)


@built
def test_weights_too_large_for_the_exact_form_are_refused() -> None:
    """The weights of filters never are too large, but the memory that they need can be."""
    assert resample._extension().weights("portable", 100, 0, 100, 50, 4)[1:] == (0, 100)
    assert resample._extension().weights("portable", 2**31 - 1, 0, 2**31, 2**30, 4) is None
    assert resample._extension().weights("portable", 2**31 - 1, 0, 2**31, 1, 4) is None


@built
def test_what_the_extension_refuses_is_pillows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resample._extension(), "weights", lambda *_: None)
    for case in (Resize(PHOTO, (1233, 7), LANCZOS, None), Resize(PHOTO.convert("LA"), (7, 1233), LANCZOS, None)):
        assert difference(case, "portable") is None


@built
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m, _: m.weights("sse9", 10, 0, 10, 5, 4), "the instruction set 'sse9' does not work here"),
        (lambda m, _: m.weights("portable", 10, 0, 11, 5, 4), "the part lies outside of the line"),
        (lambda m, _: m.weights("portable", 10, float("nan"), 10, 5, 4), "the part lies outside of the line"),
        (lambda m, _: m.weights("portable", 10, 0, 10, 5, 5), "the filter is unknown"),
        (lambda m, _: m.weights("portable", 10, 0, 10, 0, 4), "the part lies outside of the line"),
        (lambda m, _: m.pixels(3, 10, 10), "pixels have 1 or 4 bytes"),
        (lambda m, _: m.pixels(4, -1, 10), "pixels have 1 or 4 bytes"),
        (lambda m, a: m.across(None, a, 0, 9, m.pixels(1, 10, 8), 0, 0), "the rows do not fit"),
        (lambda m, a: m.across(None, a, 0, 8, m.pixels(1, 10, 8), 1, 0), "the rows do not fit"),
        (lambda m, a: m.across(None, a, 1, 8, m.pixels(1, 10, 8), 0, 0), "the rows do not fit"),
        (lambda m, a: m.across(None, a, -1, 8, m.pixels(1, 10, 8), 0, 0), "the rows do not fit"),
        (lambda m, a: m.across(_line(m), a, 0, 8, m.pixels(1, 4, 8), 0, 0), "the rows do not fit"),
        (lambda m, a: m.across(_line(m), a, 0, 8, m.pixels(4, 5, 8), 0, 0), "the rows do not fit"),
        (lambda m, _: m.down(_line(m), m.pixels(1, 4, 9), 0), "the pixels do not fit the weights"),
        (lambda m, a: m.across(m.pixels(1, 1, 1), a, 0, 8, m.pixels(1, 10, 8), 0, 0), "incorrect name"),
        (lambda m, _: m.across(None, m.pixels(1, 1, 1), 0, 8, m.pixels(1, 10, 8), 0, 0), "incorrect name"),
        (lambda m, _: [m.arrow(p) for p in [m.pixels(1, 1, 1)] * 2], "these pixels were exported"),
    ],
)
def test_the_extension_checks_its_bounds(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(resample._extension(), Image.new("L", (10, 8)).__arrow_c_array__()[1])


def _line(module: Any) -> object:
    return module.weights("portable", 10, 0, 10, 5, 4)[0]


@built
def test_many_threads_make_the_same_bytes() -> None:
    cases = [any_resize(number) for number in range(300)]
    cases = [case for case in cases if case.box is None]
    alone = [case.by_pillow().tobytes() for case in cases]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(3):
            assert list(pool.map(lambda case: case.by_extension(SETS[0]).tobytes(), cases)) == alone


@built
def test_memory_is_given_back() -> None:
    image, strips = noise("RGB", (1000, 800)), noise("L", (4100, 4100))

    def grown(times: int) -> int:
        before = _resident()
        for number in range(times):
            resample.resize(image, (500 + number % 7, 400), LANCZOS)
            resample.resize(strips, (100, 100), LANCZOS, (0, 0, 4100 - number / 1000, 500))  # not cached
        gc.collect()
        return _resident() - before

    grown(20)
    assert grown(100) < 8 << 20  # leaking one result per call would take 80 MB


def _resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@built
def test_no_memory_is_a_memory_error() -> None:
    code = """
import resource
from PIL import Image
from transforms.imaging import resample
image = Image.new("RGB", (100, 100))
resample.resize(image, (50, 50), Image.Resampling.LANCZOS, None, "portable")
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
try:
    resample.resize(image, (20_000, 20_000), Image.Resampling.LANCZOS, None, "portable")
except MemoryError:
    print("MemoryError")
print(resample.resize(image, (50, 50), Image.Resampling.LANCZOS, None, "portable").size)
"""
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split("\n")[:2] == ["MemoryError", "(50, 50)"]


def outputs(data: bytes, algorithm: str = "lanczos") -> list[bytes]:
    spec = ResizeSpec(sizes=(200, 64), extension="jpg", algorithm=algorithm)
    return [
        output.data for output in resize_image(open_image(data), spec).outputs.values() if isinstance(output, Encoded)
    ]


def test_workers_with_and_without_the_extension_write_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    files = [jpeg(seed, (700, 500 + seed)) for seed in range(6)]
    alike = [outputs(data) for data in files]
    resample._extension.cache_clear()
    resample.active_instruction_set.cache_clear()
    with monkeypatch.context() as patched:
        patched.setitem(sys.modules, sanitized.MODULE, None)
        patched.delattr("transforms.imaging._resample", raising=False)
        assert resample.instruction_sets() == []
        assert not resample.is_available()
        assert [outputs(data) if seed % 2 else alike[seed] for seed, data in enumerate(files)] == alike
        assert [outputs(data) for data in files] == alike
    resample._extension.cache_clear()
    resample.active_instruction_set.cache_clear()
    assert resample.instruction_sets() == SETS


@built
def test_bytes_that_are_not_pillows_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """This simulates a Pillow that resamples differently."""
    true = Image.Image.resize

    def another(image: Image.Image, *arguments: Any) -> Image.Image:
        return true(image, *arguments).point(lambda level: level ^ 1)

    assert resample._agrees(SETS[0])
    monkeypatch.setattr(Image.Image, "resize", another)
    assert not resample._agrees(SETS[0])


@built
def test_every_resize_of_the_core_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    if not resample.is_available():
        pytest.skip("this processor has none of the instructions")
    data = jpeg(1, (700, 500))
    monkeypatch.setattr(Image.Image, "resize", None)
    for algorithm in ("box", "bilinear", "hamming", "bicubic", "lanczos"):
        assert len(outputs(data, algorithm)) == 2


def test_an_encoded_photograph_is_the_old_scripts() -> None:
    data = jpeg(3, (1024, 683))
    expected = io.BytesIO()
    Image.open(io.BytesIO(data)).resize((512, 341), LANCZOS).save(expected, "JPEG")
    output = resize_image(open_image(data), ResizeSpec(sizes=(512,), extension="jpg")).outputs[512]
    assert isinstance(output, Encoded)
    assert output.data == expected.getvalue()


@compiled
def test_the_extension_under_sanitizers() -> None:
    command = [sys.executable, "-m", "tests.fuzz.resample", "--sanitize", "--cases", "150"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.endswith(": 0 differ from Pillow\n")


@compiled
def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    assert sanitized.build(tmp_path, "-O3").stat().st_size > 0
