import datetime
import json
from importlib import resources
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.estimate.prices import Prices, read_prices

OURS = Prices(
    date="2026-11-22",
    region="us-central1",
    given=(),
    vcpu_hour=0.056,
    memory_gb_hour=0.003557,
    disk_gb_hour=0.000054,
    shuffle_gb=0.011,
    flexrs_factor=0.6,
    class_a_1000=0.005,
    class_b_1000=0.0004,
    storage_gb_month=0.02,
    vcpu_slowdown=1.5,
)


def test_ours() -> None:
    assert read_prices(None) == OURS


def test_the_file_of_the_package_is_dated_and_names_its_sources() -> None:
    file = json.loads(resources.files("pipeline.estimate").joinpath("prices.json").read_text(encoding="utf-8"))
    assert set(file) == {"date", "region", "prices"}
    datetime.date.fromisoformat(file["date"])
    for price in file["prices"].values():
        assert set(price) == {"value", "unit", "source"}
        assert price["source"].startswith(("https://", "assumed, "))
        assert price["unit"]


def test_given_ones_take_their_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"vcpu_slowdown": 2, "vcpu_hour": 0.0}')
    given = ("vcpu_hour", "vcpu_slowdown")
    assert read_prices(str(file)) == OURS._replace(given=given, vcpu_hour=0.0, vcpu_slowdown=2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", " is no JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        (b"\xff", " is no JSON ('utf-8' codec can't decode byte 0xff in position 0: invalid start byte)"),
        (b"[1]", ' is no JSON object: give one such as {"vcpu_hour": 0.06}'),
        (
            b'{"vcpu": 1}',
            ": 'vcpu' is none of vcpu_hour, memory_gb_hour, disk_gb_hour, shuffle_gb, flexrs_factor, class_a_1000, "
            "class_b_1000, storage_gb_month, vcpu_slowdown",
        ),
        (b'{"vcpu_hour": "1"}', ': vcpu_hour "1" is no number from 0 up'),
        (b'{"vcpu_hour": true}', ": vcpu_hour true is no number from 0 up"),
        (b'{"vcpu_hour": null}', ": vcpu_hour null is no number from 0 up"),
        (b'{"vcpu_hour": -1}', ": vcpu_hour -1 is no number from 0 up"),
        (b'{"vcpu_hour": NaN}', ": vcpu_hour NaN is no number from 0 up"),
        (b'{"vcpu_hour": Infinity}', ": vcpu_hour Infinity is no number from 0 up"),
    ],
)
def test_what_is_refused(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_prices(str(file))
    assert str(caught.value) == f"--prices {str(file)!r}{sentence}"


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(UsageError) as caught:
        read_prices("/nowhere.json")
    assert str(caught.value) == "--prices '/nowhere.json' cannot be read: No such file or directory"
