"""Build README.md from nbs/index.ipynb: `python tests/readme.py`."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def render() -> str:
    "The README as Markdown."
    import nbformat
    from nbconvert import MarkdownExporter
    from nbconvert.preprocessors import TagRemovePreprocessor

    nb = nbformat.read(ROOT / "nbs" / "index.ipynb", as_version=4)
    nb.metadata["language_info"] = {"name": "python"}
    for cell in nb.cells:  # nbdev's directives, in nbconvert's words
        directives = {"hide": "hide", "echo: false": "hide-input"}
        tags = [tag for directive, tag in directives.items() if f"#| {directive}" in cell.source]
        if tags: cell.metadata["tags"] = tags
    exporter = MarkdownExporter()
    remove = TagRemovePreprocessor(remove_cell_tags={"hide"}, remove_input_tags={"hide-input"})
    exporter.register_preprocessor(remove, enabled=True)
    body, _ = exporter.from_notebook_node(nb)
    body = re.sub(r"\n{3,}", "\n\n", body)
    # Links in the notebook start in nbs/, those of the README at the top.
    body = re.sub(r'(\]\(|src=")(?=images/|\d)', r"\1nbs/", body)
    return body.replace("](../", "](").strip() + "\n"


if __name__ == "__main__": (ROOT / "README.md").write_text(render(), encoding="utf-8")
