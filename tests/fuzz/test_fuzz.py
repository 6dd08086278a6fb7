"""A thousand cases of garbage; and that the fuzzer finds what it looks for. See `tests.fuzz.__main__`."""

import functools
import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import Tally, main
from tests.fuzz.cases import case_of
from tests.fuzz.driver import Plan, reports
from tests.fuzz.mutations import MUTATIONS, Mutation, mend, pieces_of
from tests.fuzz.seeds import names, whole
from tests.support import jpeg
from tests.transforms.imaging.files import png, png_rows
from tests.transforms.resizing.test_isolated import poison
from transforms.imaging.errors import ImageError, Kind
from transforms.imaging.opening import FORMATS, open_image

pytestmark = pytest.mark.slow

PNG = png((1, 1), (b"tEXt", b"Author\0nobody"), png_rows(b"abc"))


def test_a_thousand_cases(capsys: pytest.CaptureFixture[str]) -> None:
    tally = Tally()
    for report in reports(Plan(), range(1000)):
        tally.add(report)
    assert [(report.number, report.name, report.problem) for report in tally.problems] == []
    assert tally.cases == tally.outcomes.total() == 1000
    assert tally.outcomes["written"] > 200
    for kind in (
        "skipped",
        "damaged",
        "truncated",
        "not-an-image",
        "too-many-pixels",
        "unsupported-depth",
        "unsupported-coding",
    ):
        assert tally.outcomes[kind] > 0, kind
    print(tally)
    assert capsys.readouterr().out.startswith(f"1000 cases: {tally.outcomes['written']} written")


def format_of(data: bytes) -> str:
    """Pillow's name of it; where it cannot be opened, the kind of failure."""
    try:
        return open_image(data).header.format
    except ImageError as error:
        return error.kind


def test_every_format_that_is_opened_is_damaged() -> None:
    small = [name for name in names() if "huge" not in name and not name.startswith("foreign")]
    opened = {format_of(whole(name)) for name in small}
    assert opened == {*FORMATS, "MPO", Kind.UNSUPPORTED_DEPTH, Kind.UNSUPPORTED_CODING}
    named = {case_of(1, number).name.split()[0] for number in range(100)}
    assert named == {*FORMATS, "MPO", "foreign"}


def test_a_case_is_made_from_its_numbers_alone() -> None:
    one, same, next_one, other_seed = (case_of(*which) for which in ((1, 5), (1, 5), (1, 6), (2, 5)))
    assert one == same
    assert len({one.data, next_one.data, other_seed.data}) == 3


FILES = ("JPEG RGB", "WEBP tagged", "AVIF animated", "TIFF tiff_lzw", "GIF transparent", "PPM P2", "JPEG2000 L")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_mutations_take_any_bytes(mutation: Mutation) -> None:
    chance = random.Random(1)
    other = jpeg(1, (40, 30))
    assert len(mutation(b"", b"", chance)) <= 500
    changed = [mutation(data, other, chance) != data for data in (PNG, *map(whole, FILES))]
    assert sum(changed) > len(changed) / 2


@pytest.mark.parametrize(
    ("name", "least"), [("PNG texts", 7), ("JPEG tagged", 8), ("WEBP tagged", 5), ("TIFF L", 12), ("AVIF tagged", 12)]
)
def test_files_are_cut_where_their_parts_end(name: str, least: int) -> None:
    data = whole(name)
    pieces = pieces_of(data, random.Random(1))
    assert b"".join(pieces) == data
    assert len(pieces) >= least


def test_checksums_are_mended() -> None:
    damaged = PNG.replace(b"nobody", b"NOBODY")
    assert mend(damaged) == png((1, 1), (b"tEXt", b"Author\0NOBODY"), png_rows(b"abc"))
    assert mend(jpeg(1, (40, 30))) == jpeg(1, (40, 30))


# What a decoder might do -> how that is reported.
BREAKAGES = {
    "os.kill(os.getpid(), signal.SIGSEGV)": "died: SIGSEGV",
    "os._exit(3)": "died: exit code 3",
    "time.sleep(60)": "late: not done after 3 s",
    "raise SystemExit('out')": "SystemExit: out",
    "raise OSError(f'{id(self):#x} is broken')": "a message that no other run has",
    "raise OSError(str(time.monotonic_ns()))": "made twice",
    "self.hoard = b'x' * 40_000_000": "MB, admitted with ",
    "self.hoard = bytearray(8_000_000_000)": "failed as out-of-memory",
}


def is_small_gif(number: int) -> bool:
    """Whether a case is made from a GIF of 45 x 31 pixels."""
    data, spec = case_of(1, number)[1:]
    try:
        source = open_image(data).header
    except ImageError:
        return False
    wanted = spec.extension and spec.max_pixels > 45 * 31 and spec.min_side <= 31
    return bool(wanted) and (source.format, source.width, source.height) == ("GIF", 45, 31)


@functools.cache
def first_small_gif(step: int = 1) -> int:
    """The number of the first such case among those that `step` divides."""
    return next(filter(is_small_gif, range(0, 8000, step)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("action", BREAKAGES)
def test_what_breaks_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, action, (45, 31), "GIF"))
    number = first_small_gif(8)  # one that is made twice
    assert main(["--case", str(number), "--seconds", "3", "--save", str(tmp_path / "case")]) == 1
    shown = capsys.readouterr().out
    assert f"case {number} (" in shown
    assert BREAKAGES[action] in shown
    assert shown.endswith(" 1 problems\n")
    assert (tmp_path / "case").read_bytes() == case_of(1, number).data


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_follows_a_case_that_ends_its_process_is_tried(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, "os._exit(3)", (45, 31), "GIF"))
    numbers = range(first_small_gif() + 5)
    died = {report.number: report.problem for report in reports(Plan(), numbers)}
    assert list(died) == list(numbers)
    assert {number for number, problem in died.items() if problem} == set(filter(is_small_gif, numbers))
