import datetime
import json
from importlib import resources
from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.estimate.prices import Prices, read_prices

USUAL = Prices(
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


def test_the_usual_prices() -> None:
    assert read_prices(None) == USUAL


def test_the_file_of_the_package_names_its_date_and_sources() -> None:
    file = json.loads(resources.files("pipeline.estimate").joinpath("prices.json").read_text(encoding="utf-8"))
    assert set(file) == {"date", "region", "prices"}
    datetime.date.fromisoformat(file["date"])
    for price in file["prices"].values():
        assert set(price) == {"value", "unit", "source"}
        assert price["source"].startswith(("https://", "assumed, "))
        assert price["unit"]


def test_given_prices_replace_the_usual_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text('{"vcpu_slowdown": 2, "vcpu_hour": 0.0}')
    given = ("vcpu_hour", "vcpu_slowdown")
    assert read_prices(str(file)) == USUAL._replace(given=given, vcpu_hour=0.0, vcpu_slowdown=2)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"{", " is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"),
        (b"\xff", " is not JSON: 'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
        (b"[1]", ' is not a JSON object: use one such as {"vcpu_hour": 0.06}'),
        (
            b'{"vcpu": 1}',
            ": 'vcpu' is not a price: use any of vcpu_hour, memory_gb_hour, disk_gb_hour, shuffle_gb, flexrs_factor, "
            "class_a_1000, class_b_1000, storage_gb_month, vcpu_slowdown",
        ),
        (b'{"vcpu_hour": "1"}', ': vcpu_hour is "1": use a number of 0 or more'),
        (b'{"vcpu_hour": true}', ": vcpu_hour is true: use a number of 0 or more"),
        (b'{"vcpu_hour": null}', ": vcpu_hour is null: use a number of 0 or more"),
        (b'{"vcpu_hour": -1}', ": vcpu_hour is -1: use a number of 0 or more"),
        (b'{"vcpu_hour": NaN}', ": vcpu_hour is NaN: use a number of 0 or more"),
        (b'{"vcpu_hour": Infinity}', ": vcpu_hour is Infinity: use a number of 0 or more"),
    ],
)
def test_a_wrong_file_is_refused_with_one_sentence(tmp_path: Path, content: bytes, sentence: str) -> None:
    file = tmp_path / "mine.json"
    file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        read_prices(str(file))
    assert str(caught.value) == f"--prices {str(file)!r}{sentence}"


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(UsageError) as caught:
        read_prices("/nowhere.json")
    assert (
        str(caught.value)
        == "--prices '/nowhere.json' cannot be read: No such file or directory; check the path and its permissions"
    )
