"""Test trees of control groups as kernels and containers show them, in a temporary folder."""

from pathlib import Path

import pytest

from transforms.resizing.cgroup import memory_limit, own_memory_limit

UNLIMITED_V1 = 9223372036854771712


def tree(folder: Path, file: str, limits: dict[str, object]) -> Path:
    """Create a folder for each group, with its limit in `file`."""
    for group, limit in limits.items():
        path = folder / group.strip("/")
        path.mkdir(parents=True, exist_ok=True)
        (path / file).write_text(f"{limit}\n", encoding="ascii")
    return folder


def v2(folder: Path, limits: dict[str, object]) -> Path:
    return tree(folder / "v2", "memory.max", limits)


def v1(folder: Path, limits: dict[str, object]) -> Path:
    return tree(folder / "v1", "memory.limit_in_bytes", limits)


def mounted_v2(point: Path, root: str = "/") -> str:
    escaped = str(point).replace(" ", "\\040")
    return f"30 23 0:26 {root} {escaped} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def mounted_v1(point: Path, root: str = "/", controllers: str = "memory") -> str:
    return f"35 31 0:32 {root} {point} rw,relatime - cgroup cgroup rw,{controllers}\n"


OTHER_MOUNTS = "23 28 0:21 / /proc rw - proc proc rw\n28 1 8:1 / / rw,relatime shared:1 master:2 - ext4 /dev/sda1 rw\n"


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ({"/": "max", "/a": "max", "/a/b": 300}, 300),
        ({"/": "max", "/a": 200, "/a/b": 300}, 200),
        ({"/": 100, "/a": 200, "/a/b": "max"}, 100),
        ({"/": "max", "/a": 200, "/a/b": "max", "/a/b/c": 50, "/other": 10}, 200),
        ({"/a/b": 300}, 300),  # the root group of a machine has no such file
        ({"/": "max", "/a/b": "max"}, None),
        ({}, None),
    ],
)
def test_v2_the_smallest_limit_on_the_way_to_the_root_counts(
    tmp_path: Path, limits: dict[str, object], wanted: int | None
) -> None:
    mounts = OTHER_MOUNTS + mounted_v2(v2(tmp_path, limits))
    assert memory_limit("0::/a/b\n", mounts) == wanted


def test_v2_the_root_group(tmp_path: Path) -> None:
    """A container in its own namespace sees its group as the root."""
    assert memory_limit("0::/\n", mounted_v2(v2(tmp_path, {"/": 700}))) == 700


def test_v2_a_mount_of_a_part_of_the_hierarchy(tmp_path: Path) -> None:
    point = v2(tmp_path, {"/": 700, "/inner": 600})
    assert memory_limit("0::/docker/id/inner\n", mounted_v2(point, "/docker/id")) == 600
    assert memory_limit("0::/docker/id\n", mounted_v2(point, "/docker/id")) == 700


@pytest.mark.parametrize(
    ("group", "root"), [("/../..", "/"), ("/../../other", "/"), ("/", "/../.."), ("/elsewhere", "/docker/id")]
)
def test_a_group_outside_what_is_mounted_has_the_limit_of_the_mount(tmp_path: Path, group: str, root: str) -> None:
    point = v2(tmp_path, {"/": 700, "/elsewhere": 5, "/other": 5})
    tree(tmp_path, "memory.max", {"/": 3, "/other": 3})  # beside the mount, so not a group
    assert memory_limit(f"0::{group}\n", mounted_v2(point, root)) == 700


def test_a_group_below_a_root_outside_the_namespace(tmp_path: Path) -> None:
    point = v2(tmp_path, {"/": 700, "/inner": 600})
    assert memory_limit("0::/../pod/inner\n", mounted_v2(point, "/../pod")) == 600


def test_of_several_mounts_those_with_the_own_group_count(tmp_path: Path) -> None:
    own, foreign = v2(tmp_path / "own", {"/": 700}), v2(tmp_path / "foreign", {"/": 5})
    assert memory_limit("0::/a\n", mounted_v2(foreign, "/b") + mounted_v2(own, "/a")) == 700


def test_a_group_that_was_removed_has_the_limits_above_it(tmp_path: Path) -> None:
    point = v2(tmp_path, {"/": "max", "/a": 400})
    assert memory_limit("0::/a/b (deleted)\n", mounted_v2(point)) == 400


V1_GROUPS = "11:cpu,cpuacct:/x\n4:memory:/a/b\n1:name=systemd:/init\n"


@pytest.mark.parametrize(
    ("limits", "wanted"),
    [
        ({"/": UNLIMITED_V1, "/a": UNLIMITED_V1, "/a/b": 300}, 300),
        ({"/": UNLIMITED_V1, "/a": 200, "/a/b": 300}, 200),
        ({"/": UNLIMITED_V1, "/a/b": UNLIMITED_V1}, UNLIMITED_V1),
        ({}, None),
    ],
)
def test_v1_the_smallest_limit_on_the_way_to_the_root_counts(
    tmp_path: Path, limits: dict[str, object], wanted: int | None
) -> None:
    other = tree(tmp_path / "cpu", "memory.limit_in_bytes", {"/": 7})
    mounts = OTHER_MOUNTS + mounted_v1(other, controllers="cpu,cpuacct") + mounted_v1(v1(tmp_path, limits))
    assert memory_limit(V1_GROUPS, mounts) == wanted


def test_v1_a_container_that_sees_its_group_of_the_host(tmp_path: Path) -> None:
    point = v1(tmp_path, {"/": 800})
    assert memory_limit("4:memory:/docker/id\n", mounted_v1(point, "/docker/id")) == 800
    assert memory_limit("4:cpu,memory:/docker/id\n", mounted_v1(point, "/docker/id", "cpu,memory")) == 800


@pytest.mark.parametrize(("in_v1", "in_v2", "wanted"), [(300, "max", 300), (UNLIMITED_V1, 200, 200), (300, 400, 300)])
def test_hybrid_both_hierarchies_count(tmp_path: Path, in_v1: object, in_v2: object, wanted: int) -> None:
    mounts = mounted_v1(v1(tmp_path, {"/a/b": in_v1})) + mounted_v2(v2(tmp_path, {"/c": in_v2}))
    assert memory_limit(V1_GROUPS + "0::/c\n", mounts) == wanted


def test_a_mount_with_a_space_in_its_path(tmp_path: Path) -> None:
    point = v2(tmp_path / "with space", {"/a": 400})
    assert memory_limit("0::/a\n", mounted_v2(point)) == 400


@pytest.mark.parametrize("groups", ["", "\n", "0::\n", "nonsense", "a:b", "0::/a\n"])
@pytest.mark.parametrize(
    "mounts",
    ["", "\n", "nonsense\n", "1 2 3\n", "1 2 3 / /nowhere - cgroup2\n", "1 2 3 / /nowhere - cgroup\n", OTHER_MOUNTS],
)
def test_what_cannot_be_understood_sets_no_limit(groups: str, mounts: str) -> None:
    assert memory_limit(groups, mounts) is None


@pytest.mark.parametrize("content", ["", "max\n", "1e9\n", "many\n"])
def test_a_limit_that_is_not_a_number_is_ignored(tmp_path: Path, content: str) -> None:
    point = v2(tmp_path, {"/a": 400})
    (point / "a" / "memory.max").write_text(content, encoding="ascii")
    assert memory_limit("0::/a\n", mounted_v2(point)) is None


def test_the_own_limit_is_that_of_the_files_of_this_process() -> None:
    groups, mounts = (Path(f"/proc/self/{name}").read_text(encoding="utf-8") for name in ("cgroup", "mountinfo"))
    assert own_memory_limit() == memory_limit(groups, mounts)
