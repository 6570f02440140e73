"""Where the site's pages come from, and how links lead from one to another."""
import posixpath
import re
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ConfigParser(delimiters=["="])
SETTINGS.read(ROOT / "settings.ini", encoding="utf-8")
PUBLISHED = SETTINGS["DEFAULT"]["git_url"]
BRANCH = SETTINGS["DEFAULT"]["branch"]
COURSE = ("README", "syllabus", "glossary", "errata")


def lectures(): return sorted((ROOT / "nbs").glob("[0-9]*.ipynb"))
def exercises(): return sorted((ROOT / "course" / "exercises").glob("[0-9]*.ipynb"))
def cards(): return sorted((ROOT / "recon" / "checkpoints").glob("*/card.json"))


def modules():
    "The library's modules and the notebooks that they come from, in reading order."
    found = {}
    for path in lectures():
        exported = re.search(r"#\| *default_exp +(\S+?)[\\\"]", path.read_text(encoding="utf-8"))
        if exported: found[f"recon.{exported[1]}"] = path
    return found


def pages():
    "Each page's path in the site and the file of the repository that it shows, in reading order."
    found = {"index.md": ROOT / "README.md"}
    for path in lectures() + exercises(): found[path.relative_to(ROOT).as_posix()] = path
    for name in COURSE: found[f"course/{name}.md"] = ROOT / "course" / f"{name}.md"
    for path in cards(): found[f"models/{path.parent.name}.md"] = path
    for name in modules(): found[f"reference/{name}.md"] = ROOT / f"{name.replace('.', '/')}.py"
    return found | {"CONTRIBUTING.md": ROOT / "CONTRIBUTING.md"}


def published(path, kind="blob"):
    "The address of a file in the published repository."
    return f"{PUBLISHED}/{kind}/{BRANCH}/{path.relative_to(ROOT).as_posix()}"


def lecture_link(path): return f"lecture [{path.stem.replace('_', ' ')}](../nbs/{path.name})"


def relink(text, page, source, every):
    "Links that start at a file of the repository, as links that start at its page."
    where = {path: name for name, path in every.items()}
    here = posixpath.dirname(page) or "."

    def replace(match):
        path, _, anchor = match[2].partition("#")
        if not path or re.match(r"\w+:", path): return match[0]
        target = (source.parent / unquote(path)).resolve()
        if not target.exists(): raise ValueError(f"{source.name}: '{match[2]}' leads nowhere.")
        if target in where: address = posixpath.relpath(where[target], here)
        elif target.suffix == ".png": address = posixpath.relpath(target.relative_to(ROOT).as_posix(), here)
        else: address = published(target, "tree" if target.is_dir() else "blob")
        return f"{match[1]}{address}{'#' + anchor if anchor else ''}{match[3]}"

    return re.sub(r"""(\]\(|<img src=")([^)\s"]+)(\)|")""", replace, text)
