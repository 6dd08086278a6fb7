"""The texts of the page: the verdict, the comparison of two runs, and links."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pipeline.report.comparison import comparison
from pipeline.report.formatting import breakable
from pipeline.report.links import file_links, href
from pipeline.report.verdict import sentence, verdict


def images(matched: int, failed: int = 0, skipped: int = 0) -> dict[str, int]:
    written = matched - failed - skipped
    return {"matched": matched, "written": written, "failed": failed, "skipped": skipped}


@pytest.mark.parametrize(
    ("counts", "duplicates", "expected"),
    [
        (images(480, 3), 440, "480 images, 3 failed, 440 are duplicates of others"),
        (images(1), 0, "1 image, none failed"),
        (images(9_000, 0, 1_200), 1, "9,000 images, none failed, 1,200 skipped, 1 is a duplicate of another"),
        (images(0), 0, "0 images"),
    ],
)
def test_the_verdict_in_a_sentence(counts: dict[str, int], duplicates: int, expected: str) -> None:
    assert sentence({"images": counts, "duplicates": duplicates}) == expected
    if not duplicates:
        assert sentence({"images": counts}) == expected


@pytest.mark.parametrize(
    ("counts", "kind", "badge"),
    [
        (images(480, 3), "good", "complete"),
        (images(100, 1), "good", "complete"),
        (images(1_000, 11), "bad", "1.1 % failed"),
        (images(2, 1), "bad", "50.0 % failed"),
        (images(0), "bad", "nothing written"),
        (images(5, 0, 5), "bad", "nothing written"),
    ],
)
def test_the_badge_is_not_good_if_more_than_one_percent_failed(counts: dict[str, int], kind: str, badge: str) -> None:
    assert verdict(counts)[:2] == (kind, badge)


def test_a_run_is_compared_with_the_one_before_where_both_are_known() -> None:
    def run(**figures: Any) -> dict[str, Any]:
        return {"started": f"2026-01-0{figures.pop('day')}T10:00:00+00:00", "runner": "local", **figures}

    first = run(day=1, seconds=60.0, images=480, images_per_second=8.0, matched=480, failed=3)
    stopped = run(day=2)
    last = run(day=3, seconds=3.2, images=20, images_per_second=6.25, matched=500, failed=3)
    found = comparison([first, stopped, last])
    assert found
    assert (found.before, found.after) == ("2026-01-01 10:00:00", "2026-01-03 10:00:00")
    assert found.rows == (
        ("Images of the dataset", "480", "500", "+20"),
        ("Failures", "3", "3", "\N{EN DASH}"),
        ("Images resized", "480", "20", "\N{MINUS SIGN}460"),
        ("Time", "1 min 00 s", "3.2 s", "\N{MINUS SIGN}56.8 s"),
        ("Images/s", "8.0", "6.2", "\N{MINUS SIGN}1.8"),
    )
    older = {name: value for name, value in first.items() if name not in ("matched", "failed")}
    without = comparison([older, last])
    assert without
    assert [row[0] for row in without.rows] == ["Images resized", "Time", "Images/s"]
    assert comparison([first, stopped]) is None
    assert comparison([]) is None


def test_every_byte_of_a_path_is_in_its_address() -> None:
    assert href("a/b c#d?e%f\"g'h&i.jpg") == "a/b%20c%23d%3Fe%25f%22g%27h%26i.jpg"
    assert href(os.fsdecode(b"\xff\n\\:\xc3\xbc.jpg")) == "%FF%0A%5C%3A%C3%BC.jpg"
    assert href("javascript:alert(1)") == "javascript%3Aalert%281%29"


def test_the_first_parts_of_a_table_have_links() -> None:
    parts = [f"manifest-0000{number}-of-00006.jsonl" for number in range(6)]
    links = file_links(["README.md", *parts])
    assert [(link.name, link.href) for link in links] == [
        ("README.md", "README.md"),
        *((part, part) for part in parts[:3]),
        ("3 more parts up to manifest-00005-of-00006.jsonl", ""),
    ]


def test_a_name_may_be_broken_between_its_words() -> None:
    assert breakable("a/b_c.jpg") == "a/<wbr>b_<wbr>c.<wbr>jpg"
    assert breakable("<b>&/\u202e.jpg") == "&lt;<wbr>b&gt;&amp;/\\<wbr>u202e.<wbr>jpg"
