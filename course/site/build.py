"""Build the course's site from notebooks, pages, cards and modules: `python course/site/build.py`, then open `_site/index.html`.

Nothing is executed and nothing is fetched. The site has the folders of the repository, so that links mean the same in both;
a link to a file that is no page of the site leads to the published repository.
"""
import ast
import base64
import io
import json
import posixpath
import re
import sys
import tempfile
import tokenize
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import unquote

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SETTINGS = ConfigParser(delimiters=["="])
SETTINGS.read(ROOT / "settings.ini", encoding="utf-8")
PUBLISHED, BRANCH = SETTINGS["DEFAULT"]["git_url"], SETTINGS["DEFAULT"]["branch"]
COURSE = ("README", "syllabus", "glossary", "errata")
PARTS = {"Foundations": range(10), "Networks": range(10, 20), "Tools": range(20, 30)}


def lectures(): return sorted((ROOT / "nbs").glob("[0-9]*.ipynb"))
def exercises(): return sorted((ROOT / "course" / "exercises").glob("[0-9]*.ipynb"))
def cards(): return sorted((ROOT / "recon" / "checkpoints").glob("*/card.json"))


def modules():
    "The library's modules and the lectures that they come from, in reading order."
    made_by = {path: re.search(r"#\| *default_exp +(\S+?)[\\\"]", path.read_text(encoding="utf-8")) for path in lectures()}
    return {f"recon.{found[1]}": path for path, found in made_by.items() if found}


def pages():
    "Each page's path in the site and the file of the repository that it shows, in reading order."
    own = {"index.md": ROOT / "README.md"}
    for path in lectures() + exercises(): own[path.relative_to(ROOT).with_suffix(".md").as_posix()] = path
    for name in COURSE: own[f"course/{name}.md"] = ROOT / "course" / f"{name}.md"
    for path in cards(): own[f"models/{path.parent.name}.md"] = path
    for name in modules(): own[f"reference/{name}.md"] = ROOT / f"{name.replace('.', '/')}.py"
    return own | {"CONTRIBUTING.md": ROOT / "CONTRIBUTING.md"}


def published(path, kind="blob"):
    "The address of a file in the published repository."
    return f"{PUBLISHED}/{kind}/{BRANCH}/{path.relative_to(ROOT).as_posix()}"


def relink(text, page, source, every):
    "Links that start at a file of the repository, as links that start at its page."
    where = {path: name for name, path in every.items()}

    def replace(match):
        path, _, anchor = match[2].partition("#")
        if not path or re.match(r"\w+:", path): return match[0]
        target = (source.parent / unquote(path)).resolve()
        if not target.exists(): raise ValueError(f"{source.name}: '{match[2]}' leads nowhere.")
        if target in where: target = posixpath.relpath(where[target], posixpath.dirname(page) or ".")
        elif target.suffix == ".png": target = posixpath.relpath(target.relative_to(ROOT).as_posix(), posixpath.dirname(page) or ".")
        else: target = published(target, "tree" if target.is_dir() else "blob")
        return f"{match[1]}{target}{'#' + anchor if anchor else ''}{match[3]}"

    return re.sub(r"""(\]\(|<img src=")([^)\s"]+)(\)|")""", replace, text)


def fence(text, language, css=""):
    "A block of code or of what it printed."
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    head = f"{{code-block}} {language}\n:class: {css}\n" if css else language
    return f"{ticks}{head}\n{text.rstrip()}\n{ticks}"


def shown(cell):
    "The source of a code cell without nbdev's directives, or nothing where they hide it."
    source = "".join(cell["source"])
    if re.search(r"^#\| *(hide|default_exp)", source, re.M): return "", False
    return re.sub(r"^#\|.*\n?", "", source, flags=re.M).strip("\n"), "#| echo: false" not in source


def code(source):
    "A cell's code; a list of imports at its top is folded away, so that the lecture stays in sight."
    body = ast.parse(source).body
    rest = next((i for i, node in enumerate(body) if not isinstance(node, (ast.Import, ast.ImportFrom))), len(body))
    lines, end = source.splitlines(), body[rest - 1].end_lineno if rest > 3 else 0
    imports, others = "\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")
    fold = f"<details><summary>Imports</summary>\n\n{fence(imports, 'python')}\n\n</details>"
    return [fold] * bool(imports) + [fence(others, "python")] * bool(others)


def output(made, path, number, heading, out):
    "One output of a cell as Markdown; pictures are written beside the page."
    data = made.get("data", {})
    for kind in ("png", "jpeg"):
        if picture := data.get(f"image/{kind}"):
            file = out / "nbs" / f"{path.stem}-{number}.{kind}"
            file.write_bytes(base64.b64decode("".join(picture)))
            return f"![Figure of the section “{heading}”]({file.name})"
    if "text/markdown" in data: return "".join(data["text/markdown"])
    return fence("".join(made.get("text") or data.get("text/plain", "")), "none", "output")


def notebook(path, page, out):
    "A notebook with its outputs, as Markdown."
    parts, heading, number, every = [], path.stem, 0, pages()
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "markdown":
            parts.append(relink("".join(cell["source"]), page, path, every))
            heading = ([heading] + re.findall(r"^#+ (.+)$", parts[-1], re.M))[-1]
            continue
        source, visible = shown(cell)
        if not source: continue
        if visible: parts += code(source)
        for made in cell["outputs"]:
            parts.append(output(made, path, number := number + 1, heading, out))
    return "\n\n".join(parts)


def lecture(path, page, out):
    "A notebook's page: below its title where to run it, its source, and its module."
    module = {where: name for name, where in modules().items()}.get(path)
    links = f"[Notebook]({published(path)})" + (f" · [`{module}`](../reference/{module}.md)" if module else "")
    text = notebook(path, page, out)
    made, found = re.subn(r"^\[Open in Colab\]\(.+?\)", lambda m: f"{m[0]} · {links}", text, count=1, flags=re.M)
    return made if found else re.sub(r"^(# .+\n(?:> .+\n?)?)", lambda m: f"{m[1]}\n{links}\n\n", text, count=1)


def comments(source):
    "The comment of each line."
    return {t.start[0]: t.string.lstrip("# ") for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.COMMENT}


def described(node, notes):
    "What a function's comments say about its parameters and its answer."
    every = [*node.args.posonlyargs, *node.args.args, *filter(None, [node.args.vararg]), *node.args.kwonlyargs, *filter(None, [node.args.kwarg])]
    last = {arg.lineno: arg.arg for arg in every}  # a comment belongs to the last parameter of its line
    found = [f":param {arg.arg}: {notes[arg.lineno]}" for arg in every if last[arg.lineno] == arg.arg and arg.lineno in notes and arg.arg != "self"]
    end = node.returns and node.returns.end_lineno
    return found + ([f":returns: {notes[end]}"] if end in notes and end not in last else [])


def signature(node, method=False):
    "A function's parameters and answer in Python's own words."
    args = ast.unparse(node.args)
    return f"({re.sub('^self(, )?', '', args) if method else args})" + (f" -> {ast.unparse(node.returns)}" if node.returns else "")


def called(node):
    "The name under which a recipe knows it, where it is registered with one."
    found = re.findall(r"[Rr]egister\w*\('(\w+)'\)", " ".join(map(ast.unparse, node.decorator_list)))
    return f"In recipes: `{found[0]}`." if found else ""


def entry(node, notes, prefix=""):
    "A public function, class or method as Sphinx wants it."
    parts = [ast.get_docstring(node) or "", called(node)]
    if isinstance(node, ast.FunctionDef):
        kind, head = ("method" if prefix else "function"), f"{prefix}{node.name}{signature(node, bool(prefix))}"
        parts.append("\n".join(described(node, notes)))
    else:
        methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
        start = next((n for n in methods if n.name == "__init__"), None)
        fields = [n for n in node.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
        kind, head = "class", node.name + (signature(start, True) if start else "")
        parts.append("\n".join(described(start, notes) if start else
                               [f":param {ast.unparse(n.annotation)} {n.target.id}: {notes.get(n.lineno, '')}" for n in fields]))
        parts += [entry(n, notes, f"{node.name}.") for n in methods if not n.name.startswith("_") and (ast.get_docstring(n) or described(n, notes))]
    colons = ":" * (4 if prefix else 5)
    return "\n\n".join([f"{colons}{{py:{kind}}} {head}", *filter(None, parts), colons])


def values(tree):
    "The names in capitals: registries and constants."
    found = {n.targets[0].id: n for n in tree.body if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)
             and n.targets[0].id.isupper() and not n.targets[0].id.startswith("_")}
    return [f":::{{py:data}} {name}\n\n`{text if len(text) < 90 else text[:90] + ' …'}`\n:::" for name, n in found.items()
            for text in [ast.unparse(n.value).replace("`", "")]]


def reference(name, path):
    "The page of a module: its public names, from signatures, comments and docstrings."
    source = path.read_text(encoding="utf-8")
    tree, notes = ast.parse(source), comments(source)
    public = [n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef)) and not n.name.startswith("_")]
    stem = modules()[name].stem
    head = [f"# {name}", ast.get_docstring(tree) or "", f"Told in lecture [{stem.replace('_', ' ')}](../nbs/{stem}.md) · [source]({published(path)})",
            f"```{{py:module}} {name}\n```"]
    return "\n\n".join([*head, *values(tree), *(entry(node, notes) for node in public)])


def card(path):
    "A checkpoint's card as its page."
    from recon.checkpoints import model_card

    facts = json.loads(path.read_text(encoding="utf-8"))
    stem = facts["recipe"]["chapter"]
    links = f"From lecture [{stem.replace('_', ' ')}](../nbs/{stem}.md) · [card.json]({published(path)}) · `recon evaluate {path.parent.name}`"
    return re.sub(r"^(# .+\n)", lambda m: f"{m[1]}\n{links}\n\n", model_card(facts), count=1)


def title(page, text):
    "How a page is called in the list of contents."
    number = re.match(r"\d\d(?=_)", Path(page).stem)
    found = re.search(r"^# (.+)$", text, re.M)[1]
    return f"{number[0]} {found}" if number and "exercises" not in page else found


def tree(caption, names, texts):
    "A hidden list of contents; it shows at the side of every page."
    return "\n".join(["", "```{toctree}", ":hidden:", *([f":caption: {caption}"] if caption else []), "", *(f"{title(p, texts[p])} </{p}>" for p in names), "```", ""])


def overview(name, folder, line, texts):
    "A page that lists those of a folder."
    pages_ = [p for p in texts if p.startswith(folder)]
    lines = [f"- [{title(p, texts[p])}]({Path(p).name}): {line(p)}" for p in pages_]
    return "\n".join([f"# {name}", "", *lines, tree("", pages_, texts)])


def arrange(texts):
    "Add what leads from page to page."
    of = lambda folder: [p for p in texts if p.startswith(folder)]
    about = lambda p: json.loads((ROOT / "recon" / "checkpoints" / Path(p).stem / "card.json").read_text(encoding="utf-8"))["recipe"]["title"]
    module = lambda p: texts[p].split("\n\n")[1]
    extra = {"models/index.md": overview("Trained models", "models/", about, texts), "reference/index.md": overview("The library", "reference/", module, texts)}
    texts["course/README.md"] += tree("", of("course/exercises/"), texts)
    texts |= extra
    texts["index.md"] += tree("Start here", [f"course/{name}.md" for name in COURSE], texts)
    for name, numbers in PARTS.items(): texts["index.md"] += tree(name, [p for p in of("nbs/") if int(Path(p).name[:2]) in numbers], texts)
    texts["index.md"] += tree("To look up", [*extra, "CONTRIBUTING.md"], texts)


def gather(out):
    "Write every page and picture to a folder that Sphinx can read."
    every, texts = pages(), {}
    for folder in ("nbs/images", "course/exercises", "models", "reference"): (out / folder).mkdir(parents=True, exist_ok=True)
    for picture in (ROOT / "nbs" / "images").glob("*.png"): (out / "nbs" / "images" / picture.name).write_bytes(picture.read_bytes())
    for page, path in every.items():
        if path.suffix == ".ipynb": texts[page] = lecture(path, page, out)
        elif path.suffix == ".json": texts[page] = card(path)
        elif path.suffix == ".py": texts[page] = reference(Path(page).stem, path)
        else: texts[page] = relink(path.read_text(encoding="utf-8"), page, path, every)
    arrange(texts)
    for page, text in texts.items(): (out / page).write_text(text, encoding="utf-8")


def build(site):
    "Build the site into a folder; the answer is 0 when nothing was amiss."
    from sphinx.cmd.build import build_main

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "pages"
        gather(source)
        return build_main(["-q", "-W", "--keep-going", "-E", "-c", str(HERE), "-d", str(Path(folder) / "trees"), str(source), str(site)])


if __name__ == "__main__": sys.exit(build(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "_site"))
