"""Colours and fonts of the page."""
from pathlib import Path

import gradio as gr

RUST = "#c2410c"  # dark enough for white letters
DARK_RUST = "#9a3412"
HERE = Path(__file__).parent
CSS = (HERE / "style.css").read_text(encoding="utf-8")
JS = (HERE / "page.js").read_text(encoding="utf-8")


def build_theme():
    "Gradio's soft theme in rust, with plain labels; each value also for the dark scheme."
    theme = gr.themes.Soft(primary_hue="orange", secondary_hue="orange", neutral_hue="stone", radius_size="lg",
                           font=["system-ui", "sans-serif"], font_mono=["ui-monospace", "monospace"])
    values = {"button_primary_background_fill": RUST, "checkbox_label_background_fill_selected": RUST}
    for kind in ("title", "label"):
        values[f"block_{kind}_background_fill"] = "*block_background_fill"
        values[f"block_{kind}_text_color"] = "*body_text_color"
    for name, value in values.items():  # `theme.set` would undo what Soft is made of
        setattr(theme, name, value)
        setattr(theme, f"{name}_dark", value)
    theme.block_title_padding = "0"
    theme.button_primary_background_fill_hover = DARK_RUST
    return theme
