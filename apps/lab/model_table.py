"All models in one table that can be sorted, with an image of what each does."
import pandas as pd
import streamlit as st
import torch
from parts import as_url, checkpoint, damage_of, read_cards, show, strip
from torch.nn import functional as F

from recon.checkpoints import model_card
from recon.core import ReconError, seeded_generator
from recon.corruptions import build_corruption
from recon.restore import example_images

ALL = "All tasks"


@st.cache_data(max_entries=128, show_spinner=False)
def before_after(name, n=1):
    "Clean, corrupted and restored images of a model, each `[N, C, H, W]`; what a generator draws, three times over."
    known = checkpoint(name)
    recipe, clean = known.recipe, example_images(known, 8)[-n:]
    corrupted = build_corruption(damage_of({"tests": recipe.tests, "corruption": recipe.corruption}))(clean, seeded_generator("shelf")).image
    with torch.no_grad(): restored = known.network(corrupted)
    if recipe.task == "generate": return (restored,)
    if recipe.task == "classify": return (clean,)
    corrupted = F.interpolate(corrupted, size=restored.shape[-2:], mode="nearest")
    if corrupted.shape[1] not in (1, 3): corrupted = corrupted[:, :1]
    return tuple(x.expand(-1, clean.shape[1], -1, -1).clamp(-1, 1) for x in (clean, corrupted, restored))


@st.cache_data(max_entries=128, show_spinner=False)
def thumbnail(name):
    "Corrupted and restored side by side, small."
    images = before_after(name)[-2:]
    small = [x if x.shape[-1] <= 64 else F.interpolate(x, size=64, mode="area") for x in images]
    return as_url(strip(torch.cat(small)), 64)


def error_share(card):
    "The squared error as a share of the best baseline's; `None` where that isn't measured."
    ours, baselines = card["metrics"].get("mse"), [b["mse"] for b in card["baselines"].values() if "mse" in b]
    return ours / min(baselines) if baselines and ours is not None else None


def row(name, card):
    "One line of the table."
    recipe, numbers = card["recipe"], card["metrics"]
    return {"model": name, "picture": thumbnail(name), "task": recipe.get("task", "repair"), "chapter": int(recipe["chapter"][:2]), "data": recipe["data"],
            "damage": damage_of(recipe), "PSNR": numbers.get("psnr"), "SSIM": numbers.get("ssim"), "share": error_share(card),
            "ms": numbers.get("ms"), "parameters": card["parameters"], "minutes": card.get("wall_seconds", 0) / 60}


def table(rows):
    "The table; the model whose row was chosen, or `None`."
    c = st.column_config
    columns = {"model": c.TextColumn("Model", pinned=True), "picture": c.ImageColumn("Corrupted, restored"), "task": "Task", "chapter": c.NumberColumn("Chapter"),
               "data": "Data", "damage": "Damage", "PSNR": c.NumberColumn("PSNR, dB", format="%.2f"), "SSIM": c.NumberColumn(format="%.3f"),
               "share": c.NumberColumn("Error, × best baseline", format="%.2f", help="Squared error divided by that of the best baseline on the same images; below 1 the model wins."), "ms": c.NumberColumn("ms an image", format="%.2f"),
               "parameters": c.NumberColumn("Parameters", format="localized"), "minutes": c.NumberColumn("Trained, minutes", format="%.0f")}
    event = st.dataframe(pd.DataFrame(rows), column_config=columns, hide_index=True, row_height=64, height=520, on_select="rerun", selection_mode="single-row", key="shelf")
    return rows[event.selection.rows[0]]["model"] if event.selection.rows else None


def detail(name, card):
    "A model at full length."
    st.header(name)
    labels = {1: ("It draws",), 3: ("Original", "Damaged", "Repaired")}
    for label, images in zip(labels[len(parts := before_after(name, 6))], parts): show(strip(images), label)
    with st.expander("Its card: data, numbers, limits", expanded=True): st.markdown(model_card(card).partition("\n")[2])


def readable(found):
    "Rows for all models that work; a sentence about each that doesn't."
    rows = []
    for name, card in found.items():
        try: rows.append(row(name, card))
        except (ReconError, KeyError, RuntimeError) as e: st.warning(f"'{name}' is left out: {e}", icon=":material/warning:")
    return rows


def page():
    st.title("All models")
    st.caption("Click a column's head to sort, a row to see more. Numbers come from the models' cards: test images, never trained on. PSNR is comparable "
               "only where data and corruption agree. The last comparison is with the best baseline on the same images, and classical fillers are told "
               "where the hole is.")
    found, complaints = read_cards()
    for sentence in complaints: st.warning(sentence, icon=":material/warning:")
    tasks = sorted({card["recipe"].get("task", "repair") for card in found.values()})
    task = st.segmented_control("Task", [ALL, *tasks], default=ALL, required=True, label_visibility="collapsed")
    with st.spinner("Every model restores an image …"):
        rows = readable({n: card for n, card in found.items() if task in (ALL, card["recipe"].get("task", "repair"))})
    if not rows: st.info("There are no models to show; train one with `recon train dense-digits`.")
    elif name := table(rows): detail(name, found[name])
    else: st.info("Choose a row to see more images and the card.", icon=":material/touch_app:")
