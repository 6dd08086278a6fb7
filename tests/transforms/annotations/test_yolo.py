import pytest
import yaml

from transforms.annotations.yolo import data_yaml, is_found, label_path


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


@pytest.mark.parametrize(
    ("splits", "folders"),
    [
        (["train", "val"], {"train": "train", "val": "val"}),
        (["a", "b"], {"train": "a", "val": "a", "a": "a", "b": "b"}),
        (["dev", "test"], {"train": "dev", "val": "dev", "test": "test"}),
        (["train", "validation"], {"train": "train", "val": "validation"}),
        (["train", "dev", "validation"], {"train": "train", "val": "validation", "dev": "dev"}),
        (["valid", "val", "train"], {"train": "train", "val": "val", "valid": "valid"}),
        (["Val", "train", "val"], {"train": "train", "val": "val", "Val": "Val"}),
        (["train", "Validation"], {"train": "train", "val": "Validation"}),
        (["train", "names", "path"], {"train": "train", "val": "train", "names_": "names", "path_": "path"}),
    ],
)
def test_data_yaml_has_each_split(splits: list[str], folders: dict[str, str]) -> None:
    described = yaml.safe_load(data_yaml({name: f"{name}/" for name in splits}, {"/m/a": "Cat"}))
    assert described == {**folders, "names": {0: "Cat"}}


def test_the_only_split_is_for_training_and_validation() -> None:
    assert data_yaml({"test": ""}, {}) == "train: .\nval: .\ntest: .\nnames: {}\n"
