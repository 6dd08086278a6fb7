"""Histograms, plots and numbers on the page."""

import re

import pytest

from pipeline.report.formatting import duration, percent, printable, short
from pipeline.report.histograms import aspect_ratios, longest_sides, output_bytes
from pipeline.report.plots import rate_plot
from pipeline.report.svg import Bar, Step, histogram, rates


def test_a_bin_between_two_others_has_a_bar_even_if_it_is_empty() -> None:
    assert [(bar.tick, bar.images) for bar in longest_sides({"64": 1, "512": 3})] == [
        *(("≤ 64", 1), ("≤ 128", 0), ("≤ 256", 0), ("≤ 512", 3)),
    ]
    assert [(bar.label, bar.images) for bar in aspect_ratios({"2.3": 1, "2.6": 2, "10.0": 4})] == [
        *(("2.3", 1), ("2.4", 0), ("≥ 2.5", 6)),
    ]
    assert [(bar.label, bar.images) for bar in aspect_ratios({"0.1": 5})] == [("≤ 0.4", 5)]
    bars = output_bytes({"896": 1, "1536": 2})
    assert [(bar.label, bar.images) for bar in bars] == [
        *(("up to 896 B", 1), ("up to 1.02 KB", 0), ("up to 1.28 KB", 0), ("up to 1.54 KB", 2)),
    ]
    assert longest_sides({}) == aspect_ratios({}) == output_bytes({}) == []


def test_histogram() -> None:
    drawn = histogram([Bar("<a>", "a", 4), Bar("b", "b", 0), Bar("c", "c", 2)], "A & B", "pixels")
    heights = [float(height) for height in re.findall(r'<rect class="bar"[^>]* height="([\d.]+)"', drawn)]
    assert heights[1] == 0
    assert heights[0] == pytest.approx(2 * heights[2])
    assert "<title>A &amp; B</title><desc>&lt;a&gt;: 4; c: 2</desc>" in drawn


def test_curve_of_rates() -> None:
    drawn = rates([Step(1, 2, 30.0), Step(2, 4, 70.0)], "rate")
    assert '<polyline class="line" points="114.0,104.2 194.0,104.2 194.0,35.2 354.0,35.2"/>' in drawn


def test_a_rate_is_the_slope_between_two_points() -> None:
    plot = rate_plot([[1.0, 10], [2.0, 30], [4.0, 40]])
    assert plot
    assert plot.rows == (("2.0 s", "20.0"), ("4.0 s", "5.0"))


def test_a_run_without_images_has_no_plot_of_rates() -> None:
    assert rate_plot([]) is None
    assert rate_plot([[1.0, 0], [2.0, 0]]) is None


def test_a_long_run_has_few_steps() -> None:
    many = rate_plot([[float(second), 3 * second] for second in range(1, 200)])
    assert many
    assert len(many.rows) <= 41
    assert {rate for _, rate in many.rows} == {"3.0"}


def test_formatting() -> None:
    assert [short(number) for number in (9_999, 12_345, 999_499, 9_011_219)] == ["9,999", "12.3k", "999k", "9.01M"]
    assert [percent(part, 10_000) for part in (0, 1, 1234, 9_999, 10_000)] == [
        *("0 %", "< 0.1 %", "12.3 %", "> 99.9 %", "100 %"),
    ]
    assert [duration(seconds) for seconds in (0.024, 3.21, 245, 7640)] == ["24 ms", "3.2 s", "4 min 05 s", "2 h 07 min"]
    assert printable("a\u202eb\n\udcffü") == "a\\u202eb\\n\\udcffü"
