"""How the site looks: Sphinx with MyST (Markdown) and the theme Furo. What it contains is gathered by build.py."""
import sys
from configparser import ConfigParser
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
settings = ConfigParser(delimiters=["="])
settings.read(HERE.parents[1] / "settings.ini", encoding="utf-8")
meta = settings["DEFAULT"]

project = html_title = meta["title"]
author, copyright, language = meta["author"], meta["copyright"], "en"
extensions = ["myst_nb", "notation"]
myst_enable_extensions = ["colon_fence", "dollarmath", "html_image", "fieldlist"]
myst_dmath_double_inline = True  # $$…$$ may stand in a paragraph
myst_heading_anchors = 6
myst_heading_slug_func = "notation.anchor"
nb_execution_mode = "off"  # outputs are those of the notebooks
nb_code_prompt_show = "Imports"
nb_code_prompt_hide = "Imports"
highlight_language = "none"
pygments_style, pygments_dark_style = "github-light-colorblind", "github-dark-colorblind"
python_maximum_signature_line_length = 72

html_theme = "furo"
html_baseurl = f"{meta['doc_host']}{meta['doc_baseurl']}/"
html_static_path = ["static"]
html_css_files = ["recon.css"]
html_copy_source = html_show_sphinx = False
html_math_renderer = "mathml"
# Blue and purple of Okabe and Ito, darker or lighter, told apart by colour-blind readers too.
html_theme_options = {
    "light_css_variables": {
        "color-brand-primary": "#005a8c", "color-brand-content": "#005a8c", "color-brand-visited": "#8a3a6b"},
    "dark_css_variables": {
        "color-brand-primary": "#7cc4ee", "color-brand-content": "#7cc4ee", "color-brand-visited": "#e0a3c9"},
}
