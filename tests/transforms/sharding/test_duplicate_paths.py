import itertools

from transforms.imaging.errors import Kind
from transforms.model.places import ListRow, TarMember, Unreadable, UnreadableRow, ZipMember
from transforms.model.records import Source
from transforms.sharding.duplicate_paths import settled

FILE = Source("a", "a.jpg", "/in/a.jpg", 5, 1.0)
EARLY = FILE._replace(location="/in/x.tar", place=TarMember(512))
LATE = FILE._replace(location="/in/x.tar", place=TarMember(2048))
ZIPPED = FILE._replace(location="/in/y.zip", place=ZipMember(9999, 5, 0, 7))
LOCKED = FILE._replace(location="/in/x.tar", bytes=0, place=Unreadable("unsupported-coding", "it is a link"))
OTHER = Source("b", "b.jpg", "/in/x.tar", 5, 1.0, TarMember(4096))


def taken(source: Source, path: str, winner: str) -> Source:
    message = f"it has the same path as {winner}, which is used instead"
    return source._replace(path=path, bytes=0, place=Unreadable(Kind.NAME_TAKEN, message))


def test_sources_with_unique_paths_are_kept() -> None:
    assert settled([FILE, OTHER]) == [FILE, OTHER]


def test_a_file_has_priority_over_a_member() -> None:
    assert settled([EARLY, FILE, OTHER]) == [FILE, taken(EARLY, "a.jpg (2 in x.tar)", "a file"), OTHER]


def test_the_last_member_of_the_first_archive_is_selected_in_every_order() -> None:
    winner = "the member of 'x.tar' at byte 2,048"
    expected = [
        LATE,
        taken(EARLY, "a.jpg (2 in x.tar)", winner),
        taken(ZIPPED, "a.jpg (3 in y.zip)", winner),
        taken(LOCKED, "a.jpg (4 in x.tar)", winner),
    ]
    for order in itertools.permutations([EARLY, LATE, ZIPPED, LOCKED]):
        assert settled(list(order)) == expected


def test_failures_with_the_same_path_get_different_paths() -> None:
    winner = "the member of 'x.tar' at byte 0"
    assert settled([LOCKED, LOCKED]) == [LOCKED, taken(LOCKED, "a.jpg (2 in x.tar)", winner)]


def test_the_first_row_of_a_list_is_selected_and_each_row_has_a_unique_path() -> None:
    rows = {row: Source("a", "a.jpg", f"/x/{99 - row}.jpg", 0, 0.0, ListRow(row)) for row in (12, 3, 1007)}
    winner = "row 3 of the list"
    expected = [rows[3], taken(rows[12], "a.jpg (row 12)", winner), taken(rows[1007], "a.jpg (row 1,007)", winner)]
    for order in itertools.permutations(rows.values()):
        assert settled(list(order)) == expected


def row(number: int, list_: str, line: int = 0) -> Source:
    return Source("a", "a.jpg", f"/x/{number}.jpg", 0, 0.0, ListRow(number, "", "", list_, line))


def test_rows_of_several_lists_have_unique_paths_that_name_the_list() -> None:
    first, second = row(2, "p/l.txt", 4), row(9, "p/l.txt", 12)
    others = [row(1, "q/l.txt"), row(2, "q/l.txt"), row(2, "r/l.txt")]
    winner = "line 4 of 'p/l.txt'"
    expected = [
        first,
        taken(second, "a.jpg (row 9)", "line 4 of the list"),
        taken(others[0], "a.jpg (row 1 of q/l.txt)", winner),
        taken(others[1], "a.jpg (row 2 of q/l.txt)", winner),
        taken(others[2], "a.jpg (row 2 of r/l.txt)", winner),
    ]
    for order in itertools.permutations([first, second, *others]):
        assert settled(list(order)) == expected


def test_an_unusable_row_keeps_its_own_reason() -> None:
    read = row(5, "l.csv")
    refused = [
        Source("a", "a.jpg", "/x/", 0, 0.0, UnreadableRow("refused", "it has no hash", number, name))
        for number, name in ((1, "l.csv"), (1, "m.csv"))
    ]
    expected = [
        read,
        refused[0]._replace(path="a.jpg (row 1)"),
        refused[1]._replace(path="a.jpg (row 1 of m.csv)"),
    ]
    for order in itertools.permutations([read, *refused]):
        assert settled(list(order)) == expected
    assert settled(refused) == [refused[0], expected[2]]


def test_a_new_path_differs_from_those_of_other_sources() -> None:
    sources = [row(1, "l.csv"), row(2, "l.csv"), row(3, "l.csv")]
    named = [row(4, "l.csv")._replace(path="a.jpg (row 2)"), row(5, "l.csv")._replace(path="a.jpg (row 2)+")]
    winner = "row 1 of the list"
    expected = [
        sources[0],
        taken(sources[1], "a.jpg (row 2)++", winner),
        taken(sources[2], "a.jpg (row 3)", winner),
        *named,
    ]
    for order in itertools.permutations([*sources, *named]):
        assert settled(list(order)) == expected
