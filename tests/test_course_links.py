"""The course's pages: links lead somewhere, and the sections they name exist."""
import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from notebooks import chapter_of, sources

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted((ROOT / "course").glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def headings(notebook):
    "The headings of a notebook, as Jupyter and GitHub name their anchors."
    lines = [line for text in sources(notebook, "markdown") for line in text.splitlines()]
    return {line.lstrip("#").strip().replace(" ", "-") for line in lines if line.startswith("#")}


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://")): continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve()
        assert target.exists(), f"{page.name}: {link}"
        if anchor: assert anchor in headings(target), f"{page.name}: {target.name} has no section '{anchor}'"


def test_every_term_stands_once_in_five_languages():
    lines = (ROOT / "course" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| ")][1:]
    terms = [row[0].strip("| ").lower() for row in rows]
    assert len(terms) > 80 and len(set(terms)) == len(terms) and terms == sorted(terms)
    assert all(len(row) == 6 and all(cell.strip("| ") for cell in row) for row in rows)


def test_syllabus_and_readme_name_every_exercise():
    pages = {name: (ROOT / "course" / name).read_text(encoding="utf-8") for name in ("README.md", "syllabus.md")}
    for path in (ROOT / "course" / "exercises").glob("*.ipynb"):
        for name, text in pages.items(): assert f"exercises/{path.name}" in text, f"{name} doesn't mention {path.name}"
        count = text_of_row(pages["README.md"], path.name)
        assert f"| {tasks_in(path)} |" in count, f"README.md: {path.stem} has {tasks_in(path)} tasks"


def test_minutes_of_the_sections_make_those_of_the_lecture():
    page = (ROOT / "course" / "syllabus.md").read_text(encoding="utf-8")
    for path in sorted((ROOT / "nbs").glob("1*.ipynb")):
        if path.stem == "14a_features": continue  # no lecture: a tool of the chapters after it
        row = [cell.strip() for cell in text_of_row(page, f"[{chapter_of(path)} ").split("|")[2:-1]]
        *sections, total = map(int, row)
        assert len(sections) == 8 and sum(sections) == total
        assert f"**Time**: {total} minutes" in path.read_text(encoding="utf-8")
        time, parts = re.search(rf"{path.name}\) \((\d+) min(?:: sections ([^)]*))?\)", page).groups()
        spans = [(int(a), int(b or a)) for a, b in re.findall(r"(\d)(?:–(\d))?", parts or "1–8")]
        assert int(time) == sum(sum(sections[a - 1:b]) for a, b in spans), f"its session gives {path.stem} another time"


def test_a_session_has_about_an_hour_of_lecture():
    page = (ROOT / "course" / "syllabus.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith("- **Needs**")]
    assert len(lines) == 10 and all(40 <= sum(map(int, re.findall(r"\((\d+) min", line))) <= 70 for line in lines)


def text_of_row(page, name): return next(line for line in page.splitlines() if line.startswith("|") and name in line)


def tasks_in(path): return len(re.findall(r'check\(\\"\d\d\.\d+\\"', path.read_text(encoding="utf-8")))
