"""The site: it builds from what is here, its links lead somewhere, nothing is missing, and nothing is fetched."""
import functools
import html
import http.server
import re
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from notebooks import cells

ROOT = Path(__file__).resolve().parent.parent
LECTURES = sorted((ROOT / "nbs").glob("[0-9]*.ipynb"))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    "The site's folder; a warning of Sphinx (a missing page or section, an unknown equation) fails the build."
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "course" / "site" / "build.py", out]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="session")
def texts(site): return {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


def attributes(text, name): return [html.unescape(found) for found in re.findall(rf'\s{name}="([^"]*)"', text)]


def test_links_and_anchors_resolve(site, texts):
    ids = {path: {"", *attributes(text, "id")} for path, text in texts.items()}
    for page, text in texts.items():
        for link in {*attributes(text, "href"), *attributes(text, "src")}:
            parts = urlsplit(link)
            if parts.scheme: continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.is_file(), f"{page.name}: {link}"
            if target in ids: assert unquote(parts.fragment) in ids[target], f"{page.name}: {link}"


def test_nothing_comes_from_elsewhere(site, texts):
    for page, text in texts.items():
        loaded = re.findall(r'<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc="(\w+:)?//', text)
        links = [tag for tag in re.findall(r"<link\b[^>]*>", text) if 'rel="canonical"' not in tag]
        loaded += [tag for tag in links if re.search(r'href="(\w+:)?//', tag)]
        assert not loaded, f"{page.name}: {loaded}"
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"(@import|url\()\s*['\"]?(\w+:)?//", text), style.name


def test_every_page_and_every_public_name_is_there(site, texts):
    for path in [*LECTURES, *(ROOT / "course" / "exercises").glob("[0-9]*.ipynb"), *(ROOT / "course").glob("*.md")]:
        assert site / path.relative_to(ROOT).with_suffix(".html") in texts
    for path in (ROOT / "recon" / "checkpoints").glob("*/card.json"):
        assert site / "models" / f"{path.parent.name}.html" in texts
    named = {i for path, text in texts.items() if path.parent.name == "reference" for i in attributes(text, "id")}
    every = {line.split("(")[0] for line in (ROOT / "tests" / "api.txt").read_text(encoding="utf-8").splitlines()}
    tops = {name for name in every if name.rpartition(".")[0] not in every}
    assert len(tops) > 200 and not tops - named


@pytest.mark.parametrize("path", LECTURES, ids=lambda p: p.stem)
def test_lecture_is_complete(site, texts, path):
    page, source = texts[site / "nbs" / f"{path.stem}.html"], path.read_text(encoding="utf-8")
    assert f"colab.research.google.com/github/recon-course/recon/blob/main/nbs/{path.name}" in page
    assert f"https://github.com/recon-course/recon/blob/main/nbs/{path.name}" in page
    assert "prev-page" in page and "next-page" in page
    made = [output.get("data", {}) for cell in cells(path) for output in cell["outputs"]]
    drawn = [data for data in made if {"image/png", "image/jpeg"} & data.keys()]
    assert page.count('<img alt="Figure of the section') == len(drawn), "a figure is missing"
    assert "#| " not in html.unescape(page), "directives are for machines"
    assert "google.colab" not in page, "hidden cells are for machines"
    if "$$" in source: assert "<math" in page and "$$" not in page


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass


def test_in_a_browser(site, browser):
    "Search finds, dark is dark, a phone needn't scroll sideways, and no request leaves."
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home, asked = f"http://127.0.0.1:{server.server_port}", []
    page = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
    page.on("request", lambda request: asked.append(request.url))
    names = "index nbs/13_variational_autoencoder course/glossary models/srresnet-faces reference/recon.layers"
    for name in names.split():
        page.goto(f"{home}/{name}.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, name
    assert max(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3])) < 60
    page.goto(f"{home}/search.html?q=checkerboard")
    page.wait_for_selector("ul.search a")
    assert "SRGAN" in page.inner_text("ul.search")
    assert all(url.startswith((home, "data:")) for url in asked)
    server.shutdown()
