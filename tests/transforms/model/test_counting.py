import pytest

from transforms.model.counting import counted


@pytest.mark.parametrize(("number", "text"), [(0, "0 images"), (1, "1 image"), (2, "2 images"), (2000, "2,000 images")])
def test_a_number_is_followed_by_its_noun(number: int, text: str) -> None:
    assert counted(number, "image") == text
