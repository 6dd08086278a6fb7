"""The examples and lists in README.md and docs/ are correct."""

import re

import pytest

from tests.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
IMAGES = (ROOT / "docs" / "images.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"))}


def test_the_table_of_messages_has_every_kind_of_failure() -> None:
    from transforms.imaging.errors import Kind

    named = set()
    for cells in re.findall(r"^\| (`failed: [^|]*) \|", TROUBLESHOOTING, re.MULTILINE):
        named |= {*re.findall(r"[a-z]+(?:-[a-z]+)*", cells)} - {"failed"}
    assert named == {kind.value for kind in Kind}


def test_every_note_is_documented() -> None:
    from transforms.imaging.errors import Note

    sentence = IMAGES[IMAGES.index("The manifest's `notes` name") :].split("\n\n")[0]
    assert re.findall(r"`([a-z]+(?:-[a-z]+)*)`", sentence)[1:] == [note.value for note in Note]


def test_every_test_that_the_guarantees_name_exists() -> None:
    text = (ROOT / "docs" / "guarantees.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:pipeline|transforms|dataflow|readers|fuzz|benchmarks)[\w/]*(?:\.py)?)`", text))
    assert len(named) > 15
    assert [name for name in sorted(named) if not ((ROOT / "tests" / name).exists() or (ROOT / name).exists())] == []


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) < 150


def test_the_readme_links_every_page() -> None:
    linked = set(re.findall(r"\(docs/([\w-]+\.md)\)", README))
    assert linked == {path.name for path in (ROOT / "docs").glob("*.md")}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_every_link_of_a_page_leads_somewhere(page: str) -> None:
    folder = ROOT if (ROOT / page).exists() else ROOT / "docs"
    for link in re.findall(r"\]\(([^)]+)\)", PAGES[page]):
        path, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = folder / path if path else folder / page
        assert target.exists(), link
        if heading:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", text.lower()).replace(" ", "-") for text in headings}, link


def test_the_flags_in_the_readme_exist() -> None:
    from pipeline.cli.flags import parser

    known = set(parser().format_help().split()) | {"--project", "--region", "--repo-type", "--exclude"}
    known = {word.strip(",[]") for word in known} | {"-m", "-c"}  # of python -m tarfile -c
    commands = "\n".join(line for line in README.splitlines() if line.startswith("    "))
    named = set(re.findall(r"(?<!\S)(--?[a-z][\w-]*)", commands))
    assert named - known == set()
