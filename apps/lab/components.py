"""What several pages share: colours that everyone can tell apart, images for charts, and a player with a slider."""
import base64
import io

import altair as alt
import pandas as pd
import streamlit as st
import torch

from recon.checkpoints import checkpoint_folders, load, read_card
from recon.core import ReconError
from recon.images import read_picture, to_pil
from recon.restore import centre_digit

# Okabe and Ito's colours, those that are told apart on white and on black.
ORANGE = "#D55E00"
SKY = "#56B4E9"
GREEN = "#009E73"
PINK = "#CC79A7"
YELLOW = "#E69F00"
BLUE = "#0072B2"
PALETTE = [BLUE, ORANGE, GREEN, PINK, SKY, YELLOW]
GREY = "#888888"
MAX_PIXELS = 25_000_000  # of an upload


@st.cache_resource(max_entries=32, show_spinner=False)
def checkpoint(name): return load(name)


@st.cache_data(show_spinner=False, ttl=30)
def read_cards():
    "The card of every available model, by name; and a sentence about each that can't be read."
    found = {}
    complaints = []
    for name, folder in checkpoint_folders().items():
        try: found[name] = read_card(folder)
        except ReconError as e: complaints.append(str(e))
    return found, complaints


def cards(): return read_cards()[0]


def headline_corruption(recipe):
    "The corruption that a card's first numbers are about; `recipe` as a card has it."
    return (recipe["tests"] or [recipe["corruption"]])[0]


def enlarged(x, side):
    "A PIL image of about `side` pixels; small pixels stay pixels."
    times = max(1, side // max(x.shape[-2:]))
    return to_pil(x.repeat_interleave(times, -1).repeat_interleave(times, -2))


def as_url(x, side=0):
    "An image `[C, H, W]` in [-1, 1] as a data URL."
    buffer = io.BytesIO()
    enlarged(x, side or max(x.shape[-2:])).save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def side_by_side(images, gap=1):
    "Images `[N, C, H, W]` in one row, `[C, H, W]`."
    return torch.cat([torch.nn.functional.pad(x, (gap,) * 4, value=1.0) for x in images], -1)


def show(x, caption=None, side=900):
    "An image as wide as the page has room for, up to `side` pixels."
    st.image(enlarged(x, side), caption=caption, width="stretch")


def line_chart(data, x, y, colour, **options):
    "Curves `y` over `x`; those of different `colour` are told apart by tint and dash."
    tint = alt.value(BLUE)
    dash = alt.Undefined
    if colour:
        legend = alt.Legend(orient="top", title=None, columns=2)
        tint = alt.Color(f"{colour}:N", scale=alt.Scale(range=PALETTE), legend=legend)
        dash = alt.StrokeDash(f"{colour}:N", legend=None)
    lines = alt.Chart(data).mark_line(strokeWidth=2)
    return lines.encode(x=x, y=y, color=tint, strokeDash=dash, tooltip=list(data.columns)).properties(**options)


def gallery(images, key, columns=6, cell=46):
    "Images to choose one from by a click; its number."
    rows = [{"number": i, "column": i % columns, "row": i // columns, "url": as_url(x)} for i, x in enumerate(images)]
    data = pd.DataFrame(rows)
    picked = alt.selection_point(name="picked", fields=["number"], value=[{"number": 0}], toggle=False, clear=False)
    place = {"x": alt.X("column:O", axis=None), "y": alt.Y("row:O", axis=None)}
    visible = alt.condition(picked, alt.value(1), alt.value(0.01), empty=False)
    frame = alt.Chart(data).mark_rect(stroke=ORANGE, fill=ORANGE, cursor="pointer")
    frame = frame.encode(**place, opacity=visible).add_params(picked)
    image = alt.Chart(data).mark_image(width=cell - 8, height=cell - 8, tooltip=False).encode(**place, url="url")
    chart = (frame + image).properties(width=alt.Step(cell), height=alt.Step(cell)).configure_view(stroke=None)
    event = st.altair_chart(chart, key=key, on_select="rerun", width="content")
    chosen = event.selection.get("picked") or [{"number": 0}]
    return int(chosen[0]["number"])


def upload_digit(key, size):
    "A digit from a file of the visitor's, `[1, size, size]`; `None` as long as there is none."
    file = st.file_uploader("or one of your own, drawn or photographed", type=["png", "jpg", "jpeg", "webp"], key=key)
    if not file: return None
    try: return centre_digit(read_picture(file.getvalue(), MAX_PIXELS).pixels.mean(0, keepdim=True), size)
    except ReconError as e: st.error(str(e), icon=":material/broken_image:")


def player(steps, draw, key):
    "A slider over `steps` that can also play by itself; `draw(step)` shows one of them."
    playing = st.toggle("Play", key=f"{key}-play")

    @st.fragment(run_every=0.5 if playing else None)
    def frame():
        now = st.session_state.get(key)
        if now not in steps: st.session_state[key] = steps[0 if playing else -1]
        elif playing: st.session_state[key] = steps[(steps.index(now) + 1) % len(steps)]
        draw(st.select_slider("Step", steps, key=key) if len(steps) > 1 else steps[0])

    frame()


def show_findings(sentences):
    "What the health monitor said."
    for sentence in sentences: st.warning(sentence, icon=":material/stethoscope:")
    if not sentences: st.success("The health monitor has nothing to say.", icon=":material/stethoscope:")
