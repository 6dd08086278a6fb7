"""A thousand cases have no problem, and the fuzzer detects each kind of problem. See `tests.fuzz.__main__`."""

import functools
import random
from pathlib import Path

import pytest

from tests.fuzz.__main__ import Tally, main
from tests.fuzz.cases import case_of
from tests.fuzz.driver import Plan, reports
from tests.fuzz.mutations import MUTATIONS, Mutation, correct_checksums, pieces_of
from tests.fuzz.seeds import seed_file, seed_names
from tests.support import jpeg
from tests.support.poison import poison
from tests.transforms.imaging.files import png, png_rows
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
    """Return Pillow's name of the format, or the kind of failure if the file cannot be opened."""
    try:
        return open_image(data).header.format
    except ImageError as error:
        return error.kind


def test_every_format_that_is_opened_is_damaged() -> None:
    small = [name for name in seed_names() if "huge" not in name and not name.startswith("foreign")]
    opened = {format_of(seed_file(name)) for name in small}
    assert opened == {*FORMATS, "MPO", "HEIF", "JXL", Kind.UNSUPPORTED_DEPTH, Kind.UNSUPPORTED_CODING}
    named = {case_of(1, number).name.split()[0] for number in range(100)}
    assert named == {*FORMATS, "MPO", "HEIF", "JXL", "foreign"}


def test_a_case_depends_on_its_numbers_alone() -> None:
    case, repeated, next_case, other_seed = (case_of(*numbers) for numbers in ((1, 5), (1, 5), (1, 6), (2, 5)))
    assert case == repeated
    assert len({case.data, next_case.data, other_seed.data}) == 3


FILES = ("JPEG RGB", "WEBP tagged", "AVIF animated", "TIFF tiff_lzw", "GIF transparent", "PPM P2", "JPEG2000 L")


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_mutations_take_any_bytes(mutation: Mutation) -> None:
    chance = random.Random(1)
    other = jpeg(1, (40, 30))
    assert len(mutation(b"", b"", chance)) <= 500
    changed = [mutation(data, other, chance) != data for data in (PNG, *map(seed_file, FILES))]
    assert sum(changed) > len(changed) / 2


@pytest.mark.parametrize(
    ("name", "least"), [("PNG texts", 7), ("JPEG tagged", 8), ("WEBP tagged", 5), ("TIFF L", 12), ("AVIF tagged", 12)]
)
def test_files_are_cut_where_their_parts_end(name: str, least: int) -> None:
    data = seed_file(name)
    pieces = pieces_of(data, random.Random(1))
    assert b"".join(pieces) == data
    assert len(pieces) >= least


def test_checksums_are_corrected() -> None:
    damaged = PNG.replace(b"nobody", b"NOBODY")
    assert correct_checksums(damaged) == png((1, 1), (b"tEXt", b"Author\0NOBODY"), png_rows(b"abc"))
    assert correct_checksums(jpeg(1, (40, 30))) == jpeg(1, (40, 30))


# What a decoder might do -> the reported problem.
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
    """Return whether a case is a GIF of 45 x 31 pixels that is opened and decoded."""
    data, spec = case_of(1, number)[1:]
    try:
        header = open_image(data).header
    except ImageError:
        return False
    is_decoded = spec.extension and spec.max_pixels > 45 * 31 and spec.min_side <= 31
    return bool(is_decoded) and (header.format, header.width, header.height) == ("GIF", 45, 31)


@functools.cache
def first_small_gif(step: int = 1) -> int:
    """Return the number of the first such case among the multiples of `step`."""
    return next(filter(is_small_gif, range(0, 8000, step)))


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("action", BREAKAGES)
def test_each_kind_of_problem_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str], action: str
) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, action, (45, 31), "GIF"))
    number = first_small_gif(8)  # a case that runs twice
    assert main(["--case", str(number), "--seconds", "3", "--save", str(tmp_path / "case")]) == 1
    printed = capsys.readouterr().out
    assert f"case {number} (" in printed
    assert BREAKAGES[action] in printed
    assert printed.endswith(" 1 problems\n")
    assert (tmp_path / "case").read_bytes() == case_of(1, number).data


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_the_cases_after_one_that_ends_its_process_are_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", poison(tmp_path, "os._exit(3)", (45, 31), "GIF"))
    numbers = range(first_small_gif() + 5)
    problems = {report.number: report.problem for report in reports(Plan(), numbers)}
    assert list(problems) == list(numbers)
    assert {number for number, problem in problems.items() if problem} == set(filter(is_small_gif, numbers))
