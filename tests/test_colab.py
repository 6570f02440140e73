"""Every lecture and exercise opens in Colab: its link names its file, its first cell fetches the course only there."""
import os
import subprocess
import sys
import types
from configparser import ConfigParser
from pathlib import Path

import pytest
from notebooks import sources

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted([*(ROOT / "nbs").glob("[0-9]*.ipynb"), *(ROOT / "course" / "exercises").glob("[0-9]*.ipynb")])
SETTINGS = ConfigParser(delimiters=["="])
SETTINGS.read(ROOT / "settings.ini", encoding="utf-8")
META = SETTINGS["DEFAULT"]



@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_link_opens_this_file(path):
    where = f"{META['user']}/{META['repo']}/blob/{META['branch']}/{path.relative_to(ROOT).as_posix()}"
    head = "\n".join(sources(path, "markdown")[:2])
    found = [line for line in head.splitlines() if line.startswith("[Open in Colab]")]
    assert found == [f"[Open in Colab](https://colab.research.google.com/github/{where})"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_first_cell_fetches_the_course_on_colab_only(path, monkeypatch):
    cell, said = next(text for text in sources(path, "code") if "google.colab" in text), []
    monkeypatch.setattr(sys, "path", [*sys.path, str(path.parent)])
    monkeypatch.setattr(subprocess, "run", lambda *args, **options: said.append(args[0]))
    monkeypatch.setattr(os, "chdir", said.append)
    exec(cell, {})
    assert said == [], "it must do nothing on one's own machine"
    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("colab"))
    monkeypatch.setattr(os.path, "exists", lambda path: False)
    exec(cell, {})
    fetched, folder = said
    assert META["git_url"] in fetched and "/content/recon" in sys.path
    assert folder == f"/content/recon/{path.relative_to(ROOT).parent.as_posix()}"
