import math
from pathlib import Path

import pytest
from PIL import Image

from benchmarks.measure import Run
from benchmarks.peers import table
from benchmarks.peers.compare import Comparison, Similarity, leaving_out, sample
from benchmarks.peers.similarity import exact
from benchmarks.peers.spread import shares
from benchmarks.peers.tools import REFERENCE, Tool
from benchmarks.rounds import Command, Round, small_and_large
from tests.support.comparison import psnr
from tests.support.photos import photo


def taking(start_up: float, per_image: float, cpu_per_image: float = 1.0) -> Command:
    """Return a command that reports these seconds without waiting for them."""

    def command(source: Path, _out: Path) -> Run:
        images = len(list(source.iterdir()))
        return Run(start_up + per_image * images, 2 * start_up + cpu_per_image * images, 1.0, {})

    return command


def idle_tool(name: str) -> Tool:
    return Tool(name, "does nothing", ("true",), lambda: "1.0")


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


def test_the_seconds_per_image_leave_start_up_out(one_round: Round) -> None:
    assert (one_round.small, one_round.large) == (2, 16)
    assert one_round.seconds_per_image("quick") == pytest.approx(0.125)
    assert one_round.seconds("quick") == pytest.approx(5.0)
    assert one_round.cpu_seconds_per_image("quick") == pytest.approx(1.0)


def test_speeds_are_relative_to_the_first_script_in_the_same_round(one_round: Round) -> None:
    assert table.speed_cells([one_round, one_round], "quick") == [
        "8.0",
        "4.00 (4.00 to 4.00)",
        "1.80 (1.80 to 1.80)",
        "1.00 (1.00 to 1.00)",
    ]
    assert table.floor_cells([one_round], [0.05]) == ["20.0", "10.00 (10.00 to 10.00)", "-", "-"]


def test_a_figure_that_is_mostly_start_up_is_marked(folder: Path, tmp_path: Path) -> None:
    commands = {REFERENCE.name: taking(1.0, 0.5), "slow to start": taking(5.0, 0.125, 0.5)}
    measured = Round(commands, small_and_large(folder, 16, tmp_path / "work"), tmp_path / "out")
    assert table.speed_cells([measured], "slow to start") == [
        "~8.0",
        "~4.00 (4.00 to 4.00)",
        "1.29 (1.29 to 1.29)",
        "2.00 (2.00 to 2.00)",
    ]


def test_a_median_stands_before_its_range() -> None:
    assert table.median_and_range([3.0, 1.0, 2.5]) == "2.50 (1.00 to 3.00)"


def test_images_with_equal_pixels_are_left_out_of_the_mean_psnr() -> None:
    assert table.similarity_cells(Similarity([math.inf, 40.0, 50.0], [1.0, 0.97, 0.985])) == [
        "45.0 (40.0)",
        "0.9850 (0.9700)",
    ]
    assert table.similarity_cells(Similarity([math.inf], [1.0]))[0] == "exact"
    assert table.similarity_cells(None) == ["-", "-"]


def test_the_table_has_a_row_for_each_tool_that_ran_and_each_bound(
    folder: Path, tmp_path: Path, one_round: Round
) -> None:
    tools = [REFERENCE, idle_tool("quick"), idle_tool("broken")]
    comparison = Comparison(tools, folder, 16, tmp_path / "place", {"broken": "no such file"})
    comparison.rounds = {1: [one_round], 2: [one_round]}
    comparison.floors = [[0.05, 0.1]]
    comparison.similarity = {REFERENCE.name: Similarity([35.0], [0.9]), "quick": Similarity([50.0], [0.99])}
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.table(comparison)]
    assert [row[0] for row in rows[2:]] == [REFERENCE.name, "quick", *table.FLOORS, table.CEILING]
    assert {len(row) for row in rows} == {11}
    assert rows[2][-2:] == ["exact", "1.0000 (1.0000)"]
    assert rows[3][-2:] == ["50.0 (50.0)", "0.9900 (0.9900)"]
    assert rows[-1][-2:] == ["35.0 (35.0)", "0.9000 (0.9000)"]


def test_only_installed_tools_have_a_note() -> None:
    assert table.notes([idle_tool("missing"), idle_tool("installed")], {"installed": "2.1"}) == [
        "- installed: does nothing; 2.1."
    ]


def test_a_tool_that_fails_is_left_out_and_the_others_go_on(folder: Path, tmp_path: Path) -> None:
    left_out: dict[str, str] = {}
    comparison = Comparison([idle_tool("idle")], folder, 16, tmp_path / "place", left_out)
    comparison.measure_similarity()
    assert comparison.tools == []
    assert left_out == {"idle": "0 of 3 images were written"}
    with leaving_out("missing", left_out):
        raise FileNotFoundError("no such\nfile")
    assert left_out["missing"] == "no such file"


def test_psnr_of_a_known_difference() -> None:
    first, second = Image.new("RGB", (4, 4), (10, 20, 30)), Image.new("RGB", (4, 4), (11, 21, 31))
    assert psnr(first, second) == pytest.approx(20 * math.log10(255))
    assert psnr(first, first) == math.inf


def test_the_exact_image_has_the_dimensions_of_the_result() -> None:
    source = photo(1, (100, 67))
    (plain,) = exact(source, (200, 134), 200)
    assert psnr(plain, source.resize((200, 134), Image.Resampling.LANCZOS)) == math.inf
    for height in (33, 34, 35):
        assert {image.size for image in exact(source, (50, height), 50)} == {(50, height)}
    with pytest.raises(ValueError, match="50 x 36 pixels for a source of 100 x 67"):
        exact(source, (50, 36), 50)


def test_a_rounded_side_is_read_as_fitted_or_as_kept_in_scale() -> None:
    source = photo(2, (100, 67))
    fitted, from_the_start, centered = exact(source, (50, 34), 50)
    even = source.crop((0, 0, 100, 68))
    even.paste(source.crop((0, 66, 100, 67)), (0, 67))
    expected = even.resize((50, 34), Image.Resampling.LANCZOS)
    assert psnr(from_the_start, expected) > 45 > psnr(fitted, expected)
    assert psnr(centered, fitted) > psnr(from_the_start, fitted)


def test_shares_are_neighbors_and_of_nearly_equal_length() -> None:
    assert shares(list("abcde"), 2) == [["a", "b"], ["c", "d", "e"]]
    assert shares(["a"], 2) == [[], ["a"]]


def test_a_sample_is_spread_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / "many").mkdir()
    for number in range(40):
        (tmp_path / "many" / f"{number:02d}.jpg").touch()
    names = sorted(path.name for path in sample(tmp_path / "many", tmp_path / "sample").iterdir())
    assert len(names) == 12
    assert (names[0], names[-1]) == ("00.jpg", "36.jpg")
