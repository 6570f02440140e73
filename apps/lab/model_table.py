"""All models in one table that can be sorted, with an image of what each does."""
import pandas as pd
import streamlit as st
import torch
from torch.nn import functional as F

from recon.checkpoints import model_card
from recon.core import ReconError, seeded_generator
from recon.corruptions import build_corruption
from recon.restore import example_images

from .components import as_url, checkpoint, headline_corruption, read_cards, show, side_by_side

ALL = "All tasks"
THUMBNAIL = 64  # side in pixels
COLUMNS = {
    "model": st.column_config.TextColumn("Model", pinned=True),
    "image": st.column_config.ImageColumn("Corrupted, restored"),
    "task": "Task",
    "chapter": st.column_config.NumberColumn("Chapter"),
    "data": "Data",
    "corruption": "Corruption",
    "PSNR": st.column_config.NumberColumn("PSNR, dB", format="%.2f"),
    "SSIM": st.column_config.NumberColumn(format="%.3f"),
    "share": st.column_config.NumberColumn(
        "Error, × best baseline", format="%.2f",
        help="Squared error divided by that of the best baseline on the same images; below 1 the model wins."),
    "ms": st.column_config.NumberColumn("ms an image", format="%.2f"),
    "parameters": st.column_config.NumberColumn("Parameters", format="localized"),
    "minutes": st.column_config.NumberColumn("Trained, minutes", format="%.0f"),
}


@st.cache_data(max_entries=128, show_spinner=False)
def before_after(name, n=1):
    "Clean, corrupted and restored images of a model, each `[N, C, H, W]`; of a generator only what it draws."
    known = checkpoint(name)
    recipe = known.recipe
    clean = example_images(known, 8)[-n:]
    if recipe.task == "classify": return (clean,)
    corruption = build_corruption(headline_corruption({"tests": recipe.tests, "corruption": recipe.corruption}))
    corrupted = corruption(clean, seeded_generator("model_table")).image
    with torch.no_grad(): restored = known.predictor(corrupted)
    if recipe.task == "generate": return (restored,)
    corrupted = F.interpolate(corrupted, size=restored.shape[-2:], mode="nearest")
    if corrupted.shape[1] not in (1, 3): corrupted = corrupted[:, :1]  # lightness without hints
    return tuple(x.expand(-1, clean.shape[1], -1, -1).clamp(-1, 1) for x in (clean, corrupted, restored))


@st.cache_data(max_entries=128, show_spinner=False)
def thumbnail(name):
    "Corrupted and restored side by side, small."
    images = before_after(name)[-2:]
    small = [x if x.shape[-1] <= THUMBNAIL else F.interpolate(x, size=THUMBNAIL, mode="area") for x in images]
    return as_url(side_by_side(torch.cat(small)), THUMBNAIL)


def error_share(card):
    "The squared error as a share of the best baseline's; `None` where that isn't measured."
    ours = card["metrics"].get("mse")
    baselines = [numbers["mse"] for numbers in card["baselines"].values() if "mse" in numbers]
    return ours / min(baselines) if baselines and ours is not None else None


def table_row(name, card):
    "One line of the table."
    recipe = card["recipe"]
    metrics = card["metrics"]
    return {"model": name, "image": thumbnail(name), "task": recipe["task"], "chapter": int(recipe["chapter"][:2]),
            "data": recipe["data"], "corruption": headline_corruption(recipe), "PSNR": metrics.get("psnr"),
            "SSIM": metrics.get("ssim"), "share": error_share(card), "ms": metrics.get("ms"),
            "parameters": card["parameters"], "minutes": card.get("wall_seconds", 0) / 60}


def table_rows(found):
    "Rows for all models that work; a sentence about each that doesn't."
    rows = []
    for name, card in found.items():
        try: rows.append(table_row(name, card))
        except (ReconError, KeyError, RuntimeError) as e:
            st.warning(f"'{name}' is left out: {e}", icon=":material/warning:")
    return rows


def choose_row(rows):
    "The table; the model whose row was chosen, or `None`."
    event = st.dataframe(pd.DataFrame(rows), column_config=COLUMNS, hide_index=True, row_height=64, height=520,
                         on_select="rerun", selection_mode="single-row", key="models")
    return rows[event.selection.rows[0]]["model"] if event.selection.rows else None


def show_model(name, card):
    "A model at full length."
    st.header(name)
    parts = before_after(name, 6)
    labels = ("Original", "Corrupted", "Restored") if len(parts) == 3 else ("It draws",)
    for label, images in zip(labels, parts): show(side_by_side(images), label)
    with st.expander("Its card: data, numbers, limits", expanded=True):
        st.markdown(model_card(card).partition("\n")[2])


def page():
    st.title("All models")
    st.caption("Click a column's head to sort, a row to see more. Numbers come from the models' cards: test images, "
               "never trained on. PSNR is comparable only where data and corruption agree. The last comparison is with "
               "the best baseline on the same images; inpainting baselines are given the mask.")
    found, complaints = read_cards()
    for sentence in complaints: st.warning(sentence, icon=":material/warning:")
    tasks = sorted({card["recipe"]["task"] for card in found.values()})
    task = st.segmented_control("Task", [ALL, *tasks], default=ALL, required=True, label_visibility="collapsed",
                                format_func=lambda name: name.replace("_", " "))
    wanted = {name: card for name, card in found.items() if task in (ALL, card["recipe"]["task"])}
    with st.spinner("Every model restores an image …"): rows = table_rows(wanted)
    if not rows: st.info("There are no models to show; train one with `recon train dense-digits`.")
    elif name := choose_row(rows): show_model(name, found[name])
    else: st.info("Choose a row to see more images and the card.", icon=":material/touch_app:")
