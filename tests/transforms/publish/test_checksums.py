import os
import subprocess
from pathlib import Path

from tests.support import sha256, write_tree
from transforms.publish.checksums import sum_line


def test_names_with_newlines_are_escaped() -> None:
    assert sum_line("a/b c.jpg", "ff") == b"ff  a/b c.jpg\n"
    assert sum_line("a\nb\\c\rd", "ff") == rb"\ff  a\nb\\c\rd" + b"\n"


def test_sha256sum_reads_every_name(tmp_path: Path) -> None:
    names = ["plain.jpg", "-x.jpg", " b.jpg", "*c", "a\\n", "new\nline", "car\rriage", "tail\r", "ü/日本", "caf\udce9"]
    files = {name: name.encode("utf-8", "surrogateescape") for name in names}
    write_tree(tmp_path, files)
    lines = b"".join(sum_line(name, sha256(data)) for name, data in files.items())
    (tmp_path / "SHA256SUMS").write_bytes(lines)
    command = ["sha256sum", "-c", "--strict", "SHA256SUMS"]
    process = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert (process.returncode, process.stderr) == (0, b"")
    assert process.stdout.count(b": OK\n") == len(names)
    (tmp_path / os.fsdecode("tail\r")).write_bytes(b"another")
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
