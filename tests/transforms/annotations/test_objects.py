from transforms.annotations.objects import labels_of, objects_of
from transforms.annotations.values import Box, Label
from transforms.imaging.geometry import target_of
from transforms.imaging.spec import ResizeSpec

FLAGS = (0, 0, -1, 1, 0)
IDS = {"/m/1": 0, "/m/2": 1}


def test_a_crop_drops_clips_and_keeps() -> None:
    spec = ResizeSpec(sizes=(100,), fit="crop", orientation="stored")
    target = target_of((400, 200), 100, spec)  # it shows 100 to 300 of 400 pixels
    boxes = [
        Box("/m/2", (0.3, 0.25, 0.5, 0.75), FLAGS),
        Box("/m/1", (0.0, 0.0, 0.5, 1.0), FLAGS),  # half of it is visible
        Box("/m/1", (0.2, 0.0, 0.3, 1.0), FLAGS),  # half of it is visible
        Box("/m/1", (0.0, 0.0, 0.25, 1.0), FLAGS),  # it ends where the crop begins
        Box("/m/1", (0.75, 0.0, 0.76, 1.0), FLAGS),
    ]
    objects, dropped = objects_of(boxes, (400, 200), target, IDS, min_visible=0.0)
    assert objects == {
        "bbox": [[10, 25, 40, 50], [0, 0, 50, 100], [0, 0, 10, 100]],
        "category": [1, 0, 0],
        "occluded": [0, 0, 0],
        "truncated": [0, 1, 1],
        "group_of": [-1, -1, -1],
        "depiction": [1, 1, 1],
        "inside": [0, 0, 0],
    }
    assert dropped == {"not-visible": 2}
    _, dropped = objects_of(boxes, (400, 200), target, IDS, min_visible=0.51)
    assert dropped == {"not-visible": 2, "min-visible": 2}


def test_a_box_that_is_not_cut_is_visible_as_a_whole() -> None:
    target = target_of((1024, 768), 256, ResizeSpec(sizes=(256,)))
    edges = [(0.0125, 0.148438, 0.195312, 0.5875), (0.1, 0.3, 0.2, 0.7), (1 / 3, 0.1, 2 / 3, 0.7)]
    objects, dropped = objects_of([Box("/m/1", box, FLAGS) for box in edges], (1024, 768), target, IDS, min_visible=1.0)
    assert (objects["truncated"], dropped) == ([0, 0, 0], {})


def test_a_box_without_area_in_the_output_is_dropped() -> None:
    target = target_of((300, 300), 30, ResizeSpec(sizes=(30,)))
    boxes = [Box("/m/1", (0.5, 0.2, 0.5001, 0.55), FLAGS), Box("/m/1", (0.5, 0.2, 0.501, 0.55), FLAGS)]
    objects, dropped = objects_of(boxes, (300, 300), target, IDS, min_visible=0.0)
    assert (objects["bbox"], dropped) == ([[15, 6, 0.03, 10.5]], {"no-area": 1})


def test_labels_are_in_the_order_of_their_classes() -> None:
    labels = [Label("/m/2", 0.25), Label("/m/1", 1.0)]
    assert labels_of(labels, IDS) == {"category": [0, 1], "confidence": [1.0, 0.25]}
