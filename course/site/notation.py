"""What Sphinx should do our way: anchors as in notebooks, and equations that need no script."""
import html
import logging
import re
from pathlib import Path

import ziamath
from docutils.nodes import SkipNode
from fontTools import subset
from latex2mathml.converter import convert
from sphinx.util.logging import getLogger

# What browsers make of single letters, italic, to begin with; and every sign of an equation.
SIGNS = {0x210E, *range(0x1D434, 0x1D468), *range(0x1D6E2, 0x1D71C)}
NAMES = "log|min|max|exp|tanh|sin|cos|var|cov|tr|sigmoid|softplus|softmax|mean|diag"


def anchor(title):
    "Anchors as Jupyter and GitHub have them for notebooks, so that one link works in all three places."
    return title.strip().replace(" ", "-")


def mathml(latex, display):
    "An equation as MathML, which browsers draw themselves."
    # What the converter or Chromium gets wrong.
    latex = re.sub(r"\\big[lr]?(?![a-zA-Z])", "", latex).replace(r"\Vert", r"\|")
    latex = re.sub(r"\\(mathbb|mathcal) ?(\w)", r"\\\1{\2}", latex)
    made = convert(latex, display=display)
    # A thin space after the name of a function, as in log x.
    named = rf"(<mi>(?:{NAMES})</mi>)(?=<m(?:i|n|row|sub|sup|subsup|frac|msub)>)"
    made = re.sub(named, r'\1<mspace width="0.167em"/>', made)
    # Chromium cuts long braces.
    made = made.replace("<munder><munder>", '<munder><mrow class="under">')
    made = made.replace("<mo>&#x23DF;</mo></munder>", "</mrow>")
    SIGNS.update(map(ord, html.unescape(made)))
    if "\\" in html.unescape(made): getLogger(__name__).warning("The equation %s isn't understood.", latex)
    return made


def inline(self, node):
    self.body.append(mathml(node.astext(), "inline"))
    raise SkipNode


def block(self, node):
    self.body.append(f'<div class="equation">{mathml(node.astext(), "block")}</div>')
    raise SkipNode


def font(app, error):
    "Write the signs of STIX Two Math (SIL Open Font License), with braces and roots of every height, for all devices."
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    options = subset.Options(flavor="woff", layout_features=["ssty", "dtls", "flac"])
    made = subset.load_font(str(Path(ziamath.__file__).parent / "fonts" / "STIXTwoMath-Regular.ttf"), options)
    cut = subset.Subsetter(options)
    cut.populate(unicodes=SIGNS)
    cut.subset(made)
    subset.save_font(made, str(Path(app.outdir) / "_static" / "math.woff"), options)


def setup(app):
    app.connect("build-finished", font)
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
