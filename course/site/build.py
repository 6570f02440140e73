"""Build the course's site: `python course/site/build.py`, then open `_site/index.html`.

It shows notebooks with their committed outputs, pages, cards and modules. Nothing is executed and nothing is fetched.
The site has the folders of the repository, so that links mean the same in both; a link to a file that is no page of the
site leads to the published repository. `pages.py` lists the pages, `reference.py` writes those of the modules.
"""
import ast
import json
import re
import sys
import tempfile
from pathlib import Path

from pages import COURSE, ROOT, lecture_link, modules, pages, published, relink
from reference import reference

HERE = Path(__file__).resolve().parent
PARTS = {"Foundations": range(10), "Networks": range(10, 20), "Tools": range(20, 30)}


def code_cell(source, tags, outputs=(), heading=""):
    "A code cell for myst-nb; the tags say what to leave out or to fold."
    figure = {"image": {"alt": f"Figure of the section “{heading}”"}}
    metadata = {"tags": tags, "mystnb": figure}
    cell = {"cell_type": "code", "metadata": metadata, "source": source, "outputs": list(outputs)}
    return cell | {"execution_count": None}


def shown(cell, heading):
    "A code cell without nbdev's directives: none where it is hidden, two where the imports at its top are folded."
    source = "".join(cell["source"])
    if re.search(r"^#\| *(hide|default_exp)", source, re.M): return []
    silent = "#| echo: false" in source
    source = re.sub(r"^#\|.*\n?", "", source, flags=re.M).strip("\n")
    if not source: return []
    if silent: return [code_cell(source, ["remove-input"], cell["outputs"], heading)]
    body = ast.parse(source).body
    first = next((i for i, node in enumerate(body) if not isinstance(node, ast.Import | ast.ImportFrom)), len(body))
    if first <= 3: return [code_cell(source, [], cell["outputs"], heading)]
    lines, end = source.splitlines(), body[first - 1].end_lineno
    imports, rest = "\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")
    if not rest: return [code_cell(imports, ["hide-input"], cell["outputs"], heading)]
    return [code_cell(imports, ["hide-input"]), code_cell(rest, [], cell["outputs"], heading)]


def with_links(text, path):
    "A notebook's title with where to find it and its module."
    module = {where: name for name, where in modules().items()}.get(path)
    links = f"[Notebook]({published(path)})" + (f" · [`{module}`](../reference/{module}.md)" if module else "")
    made, found = re.subn(r"^\[Open in Colab\]\(.+?\)", lambda m: f"{m[0]} · {links}", text, count=1, flags=re.M)
    return made if found else re.sub(r"^(# .+\n(?:> .+\n?)?)", lambda m: f"{m[1]}\n{links}\n\n", text, count=1)


def notebook(path, page, every):
    "A notebook as myst-nb shows it, with its outputs, as JSON."
    cells, heading = [], path.stem
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            cells += shown(cell, heading)
            continue
        text = relink("".join(cell["source"]), page, path, every)
        heading = ([heading] + re.findall(r"^#+ (.+)$", text, re.M))[-1]
        cells.append({"cell_type": "markdown", "metadata": {}, "source": text})
    written = [cell for cell in cells if cell["cell_type"] == "markdown"]
    first = next((c for c in written[:2] if "[Open in Colab]" in c["source"]), written[0])
    first["source"] = with_links(first["source"], path)
    metadata = {"language_info": {"name": "python", "pygments_lexer": "python"}}
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4}, ensure_ascii=False)


def card(path):
    "A checkpoint's card as its page."
    from recon.checkpoints import model_card

    facts = json.loads(path.read_text(encoding="utf-8"))
    chapter = ROOT / "nbs" / f"{facts['recipe']['chapter']}.ipynb"
    links = f"From {lecture_link(chapter)} · [card.json]({published(path)}) · `recon evaluate {path.parent.name}`"
    return re.sub(r"^(# .+\n)", lambda m: f"{m[1]}\n{links}\n\n", model_card(facts), count=1)


def title(page, text):
    "How a page is called in the list of contents."
    number = re.match(r"\d\d[a-z]*(?=_)", Path(page).stem)
    if page.endswith(".ipynb"): text = "\n\n".join(c["source"] for c in json.loads(text)["cells"])
    found = re.search(r"^# (.+)$", text, re.M)[1]
    return f"{number[0]} {found}" if number and "exercises" not in page else found


def contents(caption, names, texts):
    "A hidden list of contents; it shows at the side of every page."
    head = ["", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), ""]
    return "\n".join([*head, *(f"{title(p, texts[p])} </{p}>" for p in names), "```", ""])


def overview(name, folder, line, texts):
    "A page that lists those of a folder."
    inside = [p for p in texts if p.startswith(folder)]
    lines = [f"- [{title(p, texts[p])}]({Path(p).name}): {line(p)}" for p in inside]
    return "\n".join([f"# {name}", "", *lines, contents("", inside, texts)])


def arrange(texts):
    "Add what leads from page to page."
    def inside(folder): return [p for p in texts if p.startswith(folder)]

    def model(page):
        path = ROOT / "recon" / "checkpoints" / Path(page).stem / "card.json"
        return json.loads(path.read_text(encoding="utf-8"))["recipe"]["title"]

    def module(page): return texts[page].split("\n\n")[1]

    extra = {"models/index.md": overview("Trained models", "models/", model, texts),
             "reference/index.md": overview("The library", "reference/", module, texts)}
    texts["course/README.md"] += contents("", inside("course/exercises/"), texts)
    texts |= extra
    texts["index.md"] += contents("Start here", [f"course/{name}.md" for name in COURSE], texts)
    for name, numbers in PARTS.items():
        texts["index.md"] += contents(name, [p for p in inside("nbs/") if int(Path(p).name[:2]) in numbers], texts)
    texts["index.md"] += contents("To look up", [*extra, "CONTRIBUTING.md"], texts)


def gather(out):
    "Write every page and figure to a folder that Sphinx can read."
    every, texts = pages(), {}
    for folder in ("nbs/images", "course/exercises", "models", "reference"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    for figure in (ROOT / "nbs" / "images").glob("*.png"):
        (out / "nbs" / "images" / figure.name).write_bytes(figure.read_bytes())
    for page, path in every.items():
        if path.suffix == ".ipynb": texts[page] = notebook(path, page, every)
        elif path.suffix == ".json": texts[page] = card(path)
        elif path.suffix == ".py": texts[page] = reference(Path(page).stem, path)
        else: texts[page] = relink(path.read_text(encoding="utf-8"), page, path, every)
    arrange(texts)
    for page, text in texts.items(): (out / page).write_text(text, encoding="utf-8")


def build(site):
    "Build the site into a folder; the answer is 0 when nothing was amiss."
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as folder:
        source, trees = Path(folder) / "pages", Path(folder) / "trees"
        gather(source)
        options = ["-q", "-W", "--keep-going", "-E", "-c", str(HERE), "-d", str(trees)]
        return build_main([*options, str(source), str(site)])


if __name__ == "__main__": sys.exit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_site"))
