import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.annotations.hierarchy import read_hierarchy
from transforms.model.errors import RunError


def node(name: str, *kinds: dict[str, Any], parts: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"LabelName": name, **({"Subcategory": [*kinds]} if kinds else {}), **({"Part": [*parts]} if parts else {})}


def test_several_parents_parts_and_the_root() -> None:
    dog = node("dog", node("poodle"))
    root = node("entity", node("animal", dog, node("cat")), node("pet", dog), node("man", parts=(node("arm"),)))
    assert read_hierarchy(json.dumps(root).encode(), "f") == {
        "cat": ("animal",),
        "dog": ("animal", "pet"),
        "poodle": ("animal", "dog", "pet"),
    }


TREES = st.recursive(
    st.builds(node, st.sampled_from("abcdefgh")),
    lambda children: st.builds(node, st.sampled_from("abcdefgh"), children, children),
    max_leaves=12,
)


def paths(tree: dict[str, Any], above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return the paths from the root to each node: another method to find the ancestors."""
    own = (*above, tree["LabelName"])
    return [own, *(path for child in tree.get("Subcategory", ()) for path in paths(child, own))]


def ancestors_by_paths(tree: dict[str, Any]) -> dict[str, set[str]]:
    """Walk up all paths again and again, until nothing new is found."""
    found: dict[str, set[str]] = {}
    ways = paths(tree)
    while True:
        before = json.dumps({name: sorted(above) for name, above in sorted(found.items())})
        for *above, name in ways:
            for parent in above:
                if parent != "root":
                    found.setdefault(name, set()).update({parent}, found.get(parent, ()))
        if json.dumps({name: sorted(above) for name, above in sorted(found.items())}) == before:
            return found


@given(TREES, TREES)
def test_agrees_with_a_plain_implementation(one: dict[str, Any], two: dict[str, Any]) -> None:
    tree = node("root", one, two)
    expected = ancestors_by_paths(tree)
    is_circular = any(name in above for name, above in expected.items())
    data = json.dumps(tree).encode()
    if is_circular:
        with pytest.raises(RunError, match="its own ancestor"):
            read_hierarchy(data, "f")
    elif any(expected.values()) or len(paths(tree)) > 1:
        assert read_hierarchy(data, "f") == {name: tuple(sorted(above)) for name, above in expected.items() if above}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b"1",
        b'{"LabelName": "a"}',
        b'{"Subcategory": [{}]}',
        b'{"LabelName": "a", "Subcategory": [{"LabelName": "b"}, {"LabelName": 1}]}',
        b'{"LabelName": "a", "Subcategory": [{"LabelName": null}]}',
        b'{"LabelName": "a", "Subcategory": [{"LabelName": ""}]}',
    ],
)
def test_another_content_is_refused(content: bytes) -> None:
    with pytest.raises(RunError, match=r"^f (is not a class hierarchy|has no class below)"):
        read_hierarchy(content, "f")
