"""Build README.md from nbs/index.ipynb: `python tests/readme.py`."""
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def render() -> str:
    "The README as Markdown."
    from nbconvert import MarkdownExporter
    from nbconvert.preprocessors import RegexRemovePreprocessor

    exporter = MarkdownExporter()
    exporter.register_preprocessor(RegexRemovePreprocessor(patterns=[r"#\|\s*hide"]), enabled=True)
    body, _ = exporter.from_filename(str(ROOT / "nbs" / "index.ipynb"))
    # Links in the notebook start in nbs/, those of the README at the top.
    for kind in ("images/", "0", "1", "2"): body = body.replace(f"]({kind}", f"](nbs/{kind}").replace(f'src="{kind}', f'src="nbs/{kind}')
    return body.replace("](../", "](").strip() + "\n"


if __name__ == "__main__": (ROOT / "README.md").write_text(render(), encoding="utf-8")
