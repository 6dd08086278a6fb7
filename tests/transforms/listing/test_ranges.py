from hypothesis import example, given
from hypothesis import strategies as st

from transforms.listing.ranges import ALPHABETS, NameRange, name_ranges


def holds(names: NameRange, name: str) -> bool:
    """Return whether a range contains a name, in the order of stores, which is that of UTF-8 bytes."""
    key = name.encode()
    return names.start.encode() <= key and (not names.end or key < names.end.encode())


def test_the_ranges_are_adjacent_and_cover_everything() -> None:
    assert name_ranges("ba") == [
        *(NameRange("", "aa"), NameRange("aa", "ab"), NameRange("ab", "ba"), NameRange("ba", "bb")),
        NameRange("bb", ""),
    ]
    assert len(name_ranges(ALPHABETS["hex"])) == 257


@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
)
@example("000026e7ee790996.jpg", "0123456789abcdef")
@example("a", "ab")  # shorter than a boundary
@example("\uffff", "\U0001f600\uffff")  # their order in UTF-16 is the opposite
def test_every_name_is_in_exactly_one_range(name: str, alphabet: str) -> None:
    assert sum(holds(names, name) for names in name_ranges(alphabet)) == 1
