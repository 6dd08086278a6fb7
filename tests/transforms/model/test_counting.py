import pytest

from transforms.model.counting import counted


@pytest.mark.parametrize(
    ("number", "noun", "text"),
    [
        (0, "image", "0 images"),
        (1, "image", "1 image"),
        (2000, "image", "2,000 images"),
        (1, "box", "1 box"),
        (2, "box", "2 boxes"),
        (2, "class", "2 classes"),
    ],
)
def test_a_number_is_followed_by_its_noun(number: int, noun: str, text: str) -> None:
    assert counted(number, noun) == text
