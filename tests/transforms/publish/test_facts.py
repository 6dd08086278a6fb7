from typing import Any

import pytest

from transforms.publish.facts import unannotated_splits


def output(images: int, **annotated: int) -> dict[str, Any]:
    return {"images": images, "bytes": 9, "formats": {"jpg": images} if images else {}, "annotated": annotated}


@pytest.mark.parametrize(
    ("outputs", "wanted"),
    [
        ({"a": [output(3, objects=1)]}, ()),
        ({"a": [output(3, objects=1)], "b": [output(2, objects=2)]}, ()),
        ({"a": [output(3, objects=0)], "b": [output(2, objects=0)]}, ()),
        ({"a": [output(3, objects=0)], "b": [output(2, objects=1)], "c": [output(1, objects=0)]}, ("a", "c")),
        ({"a": [output(3, objects=1)], "b": [output(0)]}, ()),
        (
            {"a": [output(3, objects=1), output(3, objects=1)], "b": [output(1, objects=1), output(1, objects=0)]},
            ("b",),
        ),
        ({"a": [output(3, objects=1, image_labels=0)], "b": [output(1, objects=1, image_labels=1)]}, ("a",)),
    ],
)
def test_splits_without_the_annotations_of_others(outputs: dict[str, Any], wanted: tuple[str, ...]) -> None:
    splits = {name: {"outputs": dict(zip(("64", "32"), sizes, strict=False))} for name, sizes in outputs.items()}
    assert unannotated_splits({"settings": {"layout": "files"}, "splits": splits}) == wanted
    for layout in ("webdataset", "parquet", "tfrecord"):
        assert unannotated_splits({"settings": {"layout": layout}, "splits": splits}) == ()


def test_splits_without_annotations_do_not_matter_if_datasets_cannot_load_the_images() -> None:
    outputs = {"a": output(1, objects=1) | {"formats": {"avif": 1}}, "b": output(1, objects=0)}
    splits = {name: {"outputs": {"64": of}} for name, of in outputs.items()}
    assert unannotated_splits({"settings": {"layout": "files"}, "splits": splits}) == ()
