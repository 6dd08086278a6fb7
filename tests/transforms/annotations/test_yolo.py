import pytest

from transforms.annotations.yolo import is_found, label_path


@pytest.mark.parametrize(
    ("image", "labels"),
    [
        ("a.jpg", "a.txt"),
        ("512/train/a.b.jpg", "512/train/a.b.txt"),
        ("images/a.jpg", "labels/a.txt"),
        ("images/x/images/a.jpg", "images/x/labels/a.txt"),
        ("my images/images.jpg", "my images/images.txt"),
    ],
)
def test_the_text_file_of_an_image(image: str, labels: str) -> None:
    looked_for = "/labels/".join(f"/out/{image}".rsplit("/images/", 1)).rsplit(".", 1)[0]  # as YOLO does
    assert label_path(image) == labels
    assert f"/out/{labels}" == f"{looked_for}.txt"


def test_text_files_are_not_found_below_a_folder_images() -> None:
    assert is_found("/data/my images/out")
    assert not is_found("/data/images/out")
