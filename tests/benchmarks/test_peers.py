import math
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.measure import Run
from benchmarks.peers import table
from benchmarks.peers.compare import Comparison, Likeness, leaving_out, sample
from benchmarks.peers.likeness import exact
from benchmarks.peers.spread import shares
from benchmarks.peers.tools import REFERENCE, Tool
from benchmarks.rounds import Command, Round, small_and_large
from tests.support.photos import photo
from transforms.imaging.resample import psnr


def taking(start_up: float, an_image: float) -> Command:
    """A command that takes so many seconds, or says so."""

    def command(source: Path, _out: Path) -> Run:
        return Run(start_up + an_image * len(list(source.iterdir())), 1.0)

    return command


def a_tool(name: str, lossless: bool = True) -> Tool:
    return Tool(name, "does nothing", ("true",), lambda: "1.0", lossless=lossless)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(3):
        photo(seed, (24, 16)).save(photos / f"{seed}.jpg")
    return photos


@pytest.fixture
def one_round(folder: Path, tmp_path: Path) -> Round:
    commands = {REFERENCE.name: taking(1.0, 0.5), "quick": taking(3.0, 0.125)}
    return Round(commands, small_and_large(folder, 16, tmp_path / "work"), tmp_path / "out")


def test_the_slope_is_the_time_without_start_up(one_round: Round) -> None:
    assert (one_round.small, one_round.large) == (2, 16)
    assert one_round.slope("quick") == pytest.approx(0.125)
    assert one_round.whole("quick") == pytest.approx(5.0)


def test_speeds_are_ratios_to_the_reference_of_the_same_round(one_round: Round) -> None:
    assert table.speed_cells([one_round, one_round], "quick") == [
        "8.0",
        "4.00 (4.00 to 4.00)",
        "1.80 (1.80 to 1.80)",
    ]
    assert table.floor_cells([one_round], [0.05]) == ["20.0", "10.00 (10.00 to 10.00)", "-"]


def test_what_is_mostly_start_up_is_marked(folder: Path, tmp_path: Path) -> None:
    commands = {REFERENCE.name: taking(1.0, 0.5), "slow to start": taking(5.0, 0.125)}
    one = Round(commands, small_and_large(folder, 16, tmp_path / "work"), tmp_path / "out")
    assert table.speed_cells([one], "slow to start") == ["~8.0", "~4.00 (4.00 to 4.00)", "1.29 (1.29 to 1.29)"]


def test_a_median_stands_before_its_range() -> None:
    assert table.ratio([3.0, 1.0, 2.5]) == "2.50 (1.00 to 3.00)"


def test_equal_pictures_are_not_in_the_mean_psnr() -> None:
    assert table.likeness_cells(Likeness([math.inf, 40.0, 50.0], [1.0, 0.97, 0.985])) == [
        "45.0 (40.0)",
        "0.9850 (0.9700)",
    ]
    assert table.likeness_cells(Likeness([math.inf], [1.0]))[0] == "exact"
    assert table.likeness_cells(None) == ["-", "-"]


def test_the_table_has_a_row_a_tool_that_ran_two_floors_and_a_ceiling(
    folder: Path, tmp_path: Path, one_round: Round
) -> None:
    tools = [REFERENCE, a_tool("quick"), a_tool("broken")]
    done = Comparison(tools, folder, 16, tmp_path / "place", {"broken": "no such file"})
    done.rounds = {1: [one_round], 2: [one_round]}
    done.floors = [[0.05, 0.1]]
    done.likeness = {REFERENCE.name: Likeness([35.0], [0.9]), "quick": Likeness([50.0], [0.99])}
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.table(done)]
    assert [row[0] for row in rows[2:]] == [REFERENCE.name, "quick", *table.FLOORS, table.CEILING]
    assert {len(row) for row in rows} == {9}
    assert rows[2][-2:] == ["exact", "1.0000 (1.0000)"]
    assert rows[3][-2:] == ["50.0 (50.0)", "0.9900 (0.9900)"]
    assert rows[-1][-2:] == ["35.0 (35.0)", "0.9000 (0.9000)"]


def test_only_tools_that_are_there_have_a_note() -> None:
    assert table.notes([a_tool("one"), a_tool("two")], {"two": "2.1"}) == ["- two: does nothing; 2.1."]


def test_a_tool_that_fails_is_left_out_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    left_out: dict[str, str] = {}
    done = Comparison([a_tool("idle")], folder, 16, tmp_path / "place", left_out)
    done.look()
    assert done.tools == []
    assert left_out == {"idle": "0 of 3 images written"}
    with leaving_out("missing", left_out):
        raise FileNotFoundError("no such\nfile")
    assert left_out["missing"] == "no such file"


def test_psnr_of_a_known_difference() -> None:
    one, other = Image.new("RGB", (4, 4), (10, 20, 30)), Image.new("RGB", (4, 4), (11, 21, 31))
    assert psnr(one, other) == pytest.approx(20 * math.log10(255))
    assert psnr(one, one) == math.inf


def test_the_exact_image_has_the_dimensions_of_the_tools_own() -> None:
    source = photo(1, (100, 67))
    (plain,) = exact(source, (200, 134), 200)
    assert psnr(plain, source.resize((200, 134), Image.Resampling.LANCZOS)) == math.inf
    for height in (33, 34, 35):
        assert {image.size for image in exact(source, (50, height), 50)} == {(50, height)}
    with pytest.raises(ValueError, match="50 x 36 pixels for a source of 100 x 67"):
        exact(source, (50, 36), 50)


def test_a_rounded_side_is_read_as_fitted_or_in_one_scale() -> None:
    source = photo(2, (100, 67))
    fitted, from_the_start, centred = exact(source, (50, 34), 50)
    even = source.crop((0, 0, 100, 68))
    even.paste(source.crop((0, 66, 100, 67)), (0, 67))
    wanted = even.resize((50, 34), Image.Resampling.LANCZOS)
    assert psnr(from_the_start, wanted) > 45 > psnr(fitted, wanted)
    assert psnr(centred, fitted) > psnr(from_the_start, fitted)


def test_shares_are_neighbours_and_of_one_length() -> None:
    assert shares(list("abcde"), 2) == [["a", "b"], ["c", "d", "e"]]
    assert shares(["a"], 2) == [[], ["a"]]


def test_a_sample_is_from_all_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(40):
        (tmp_path / "many" / f"{number:02d}.jpg").touch()
    names = sorted(path.name for path in sample(tmp_path / "many", tmp_path / "sample").iterdir())
    assert len(names) == 12
    assert (names[0], names[-1]) == ("00.jpg", "36.jpg")
