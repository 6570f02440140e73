"""Read notebooks as the tests need them."""
import json
import re


def cells(path, kind="code"):
    "The cells of a notebook of one kind, `code` or `markdown`."
    return [c for c in json.loads(path.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == kind]


def sources(path, kind="code"):
    "The texts of a notebook's cells of one kind."
    return ["".join(c["source"]) for c in cells(path, kind)]


def is_exported(source): return re.search(r"^#\|\s*export", source, re.M) is not None


def is_skipped(source): return re.search(r"^#\|\s*(train|gpu)", source, re.M) is not None


def module_of(path):
    "The module that a notebook exports, e.g. `models.dense_autoencoder`, or `None`."
    found = re.search(r"#\|\s*default_exp\s+(\S+)", "\n".join(sources(path)))
    return found and found[1]


def chapter_of(path):
    "The place of a notebook in the reading order, by its file name: 00 < 00a < 00b < 01 < … < 14 < 14a < 15."
    return re.match(r"\d\d[a-z]*(?=_)", path.stem)[0]
