import pytest

from transforms.annotations.classes import find_classes, read_class_names
from transforms.model.errors import RunError

NAMES = {
    "/m/01yrx": "Cat",
    "/m/09tvcd": "Wine glass",
    "/m/081qc": "Wine",
    "/m/01bjv": "Bus",
    "/m/0jyfg": "Glasses",
    "/m/07v9_z": "Measuring cup",
    "/m/1": "Twin",
    "/m/2": "twin",
}


@pytest.mark.parametrize(
    ("typed", "class_"),
    [
        ("Cat", "/m/01yrx"),
        ("cats", "/m/01yrx"),
        ("/m/01yrx", "/m/01yrx"),
        (" /M/01YRX", "/m/01yrx"),
        ("wine_glass", "/m/09tvcd"),
        ("WINE  GLASSES", "/m/09tvcd"),
        ("Wine", "/m/081qc"),
        ("wines", "/m/081qc"),
        ("buses", "/m/01bjv"),
        ("glasses", "/m/0jyfg"),
        ("measuring_cups", "/m/07v9_z"),
    ],
)
def test_a_class_is_found(typed: str, class_: str) -> None:
    assert find_classes([typed, typed], NAMES, "--classes") == (class_,)


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("Kat", "--classes 'Kat' is not a class: did you mean 'Cat'?"),
        ("Cup", "--classes 'Cup' is not a class: did you mean 'Measuring cup'?"),
        ("Zeppelin", "--classes 'Zeppelin' is not a class: use a name from --class_names"),
        ("twin", "--classes 'twin' is the name of /m/1 and /m/2: use one of these instead"),
        ("/m/0", "--classes '/m/0' is not in --class_names: use a class that is"),
        ("/m/01yry", "--classes '/m/01yry' is not in --class_names: did you mean /m/01yrx (Cat)?"),
        ("", "--classes '' is empty: use the name of a class, or a class such as /m/01yrx"),
    ],
)
def test_a_class_is_refused(typed: str, message: str) -> None:
    with pytest.raises(RunError) as error:
        find_classes([typed], NAMES, "--classes")
    assert str(error.value) == message


def test_names_with_and_without_a_header() -> None:
    rows = '/m/01yrx,Cat\n/m/0x,"Bow, and arrow"\n'
    expected = {"/m/01yrx": "Cat", "/m/0x": "Bow, and arrow"}
    assert read_class_names(rows.encode(), "f") == expected
    assert read_class_names(f"\ufeffLabelName,DisplayName\r\n{rows}".encode(), "f") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "f does not name any classes: use a file with the columns LabelName and DisplayName"),
        (b"a,b\n", "f has 'a,b' in line 1: use a file with the columns LabelName and DisplayName"),
        (b"/m/1,A\n/m/1,B\n", "f names /m/1 twice, 'A' and 'B': delete one of the lines"),
        (b"\xff\n", "f cannot be read as a table: 'utf-8' codec"),
    ],
)
def test_another_content_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(RunError) as error:
        read_class_names(content, "f")
    assert str(error.value).startswith(message)
