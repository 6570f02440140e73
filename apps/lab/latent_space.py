"""A walk through the latent spaces of an autoencoder and of a variational one, side by side."""
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
import torch
from torch import Tensor

from recon.core import parse_spec
from recon.models.variational_autoencoder import VariationalAutoencoder
from recon.recipes import NETWORKS, load_chapters

from .components import ORANGE, YELLOW, as_url, cards, checkpoint, gallery, show, side_by_side, upload_digit

SIDE = 336   # of a map, in pixels
DIGITS = 14  # decoded in each row of a map
CELLS = 42   # places in each row of a map that can be clicked


def encode(network, x):
    "The latents of images, `[B, D]`; the mean where the encoder gives a distribution."
    latent = network.encode(x)
    return latent[0] if isinstance(latent, tuple) else latent


def decode(network, latent):
    "Latents `[B, D]` as images, `[B, C, H, W]` in [-1, 1]."
    y = network.decode(latent)
    return y.sigmoid() * 2 - 1 if isinstance(network, VariationalAutoencoder) else y


def latent_size(name, recipe):
    "How many numbers a model squeezes an image into; `None` where it has no such latents, or no examples."
    if not hasattr(NETWORKS[parse_spec(recipe["network"])[0]], "decode"): return None
    known = checkpoint(name)
    examples = known.examples()
    if not len(examples): return None
    latent = encode(known.network, examples[:1])
    return latent.shape[1] if latent.ndim == 2 else None


@st.cache_data(show_spinner=False, ttl=30)
def comparable_models():
    "Data set → plain and variational autoencoders, each name → latent size; only sets that have both kinds."
    load_chapters()
    found = {}
    for name, card in cards().items():
        size = latent_size(name, card["recipe"])
        if size is None: continue
        plain, variational = found.setdefault(card["recipe"]["data"], ({}, {}))
        group = variational if isinstance(checkpoint(name).network, VariationalAutoencoder) else plain
        group[name] = size
    return {data: kinds for data, kinds in found.items() if all(kinds)}


# The map

@dataclass
class LatentMap:
    "A map of a latent space: all of it where it has two dimensions, else the plane in which digits vary most."
    origin: Tensor     # `[D]`
    axes: Tensor       # `[2, D]`
    points: Tensor     # `[N, 2]`, where the test images lie
    half_side: float   # of the map

    def latent(self, place): return self.origin + place @ self.axes  # [N, 2] → [N, D]

    def place(self, latent): return (latent - self.origin) @ self.axes.T  # [N, D] → [N, 2]


@st.cache_resource(max_entries=16, show_spinner="Drawing the map …")
def latent_map(name):
    known = checkpoint(name)
    latents = encode(known.network, known.examples())
    if latents.shape[1] == 2:
        origin = torch.zeros(2)
        axes = torch.eye(2)
    else:
        origin = latents.mean(0)
        axes = torch.linalg.svd(latents - origin, full_matrices=False).Vh[:2]
    points = (latents - origin) @ axes.T
    return LatentMap(origin, axes, points, 1.1 * points.abs().max().item())


@st.cache_data(max_entries=16, show_spinner="Drawing the map …")
def decoded_map(name):
    "The whole map, decoded, as a data URL."
    chart = latent_map(name)
    network = checkpoint(name).network
    ticks = ((torch.arange(DIGITS) + 0.5) / DIGITS * 2 - 1) * chart.half_side
    places = torch.cartesian_prod(ticks.flip(0), ticks).flip(1)
    rows = [torch.cat(list(row), -1) for row in decode(network, chart.latent(places)).split(DIGITS)]
    return as_url(torch.cat(rows, -2))


def map_layers(name, chosen):
    "Background, test images, the chosen place, and what takes the clicks."
    half = latent_map(name).half_side
    scale = alt.Scale(domain=[-half, half], nice=False)
    place = {"x": alt.X("x:Q", axis=None, scale=scale), "y": alt.Y("y:Q", axis=None, scale=scale)}
    whole = alt.Chart(pd.DataFrame([{"x": -half, "y": half, "x2": half, "y2": -half, "url": decoded_map(name)}]))
    background = whole.mark_image(aspect=False, tooltip=False).encode(**place, x2="x2", y2="y2", url="url")
    dots = alt.Chart(pd.DataFrame(latent_map(name).points.numpy(), columns=["x", "y"]))
    dots = dots.mark_circle(size=28, color=YELLOW, opacity=0.9, tooltip=False).encode(**place)
    ring = alt.Chart(pd.DataFrame([dict(zip("xy", np.clip(chosen, -half, half)))]))
    ring = ring.mark_point(size=260, color=ORANGE, strokeWidth=4, shape="circle", tooltip=False).encode(**place)
    return [background, dots, ring, click_layer(half, scale)]


def click_layer(half, scale):
    "Invisible squares that can be clicked."
    step = 2 * half / CELLS
    edges = np.arange(CELLS) * step - half
    rows = [(x, y, x + step, y + step) for x in edges for y in edges]
    grid = pd.DataFrame(rows, columns=["x", "y", "x2", "y2"]).round(4)
    picked = alt.selection_point(name="picked", fields=["x", "y"], toggle=False, clear=False)
    squares = alt.Chart(grid).mark_rect(opacity=0.001, cursor="crosshair", tooltip=False)
    x = alt.X("x:Q", axis=None, scale=scale)
    y = alt.Y("y:Q", axis=None, scale=scale)
    return squares.encode(x=x, x2="x2", y=y, y2="y2").add_params(picked)


def map_chart(name, latent):
    "The map of a model, with a ring round a latent."
    chart = alt.layer(*map_layers(name, latent_map(name).place(latent)[0].tolist()))
    text = f"Map of the latent space of {name}; click to decode a place"
    return chart.properties(width=SIDE, height=SIDE, padding=0, autosize="none",
                            description=text).configure_view(stroke=None)


def remember_click(name, key):
    "Remember which map was clicked last, and where."
    rows = st.session_state[key].selection.get("picked")
    if not rows: return
    half_cell = latent_map(name).half_side / CELLS
    st.session_state.here = name, (rows[0]["x"] + half_cell, rows[0]["y"] + half_cell)


def chosen_place(names):
    "What was clicked, as a model and a place on its map; at first a test image of the first model."
    name, place = st.session_state.get("here", (None, None))
    return (name, place) if name in names else (names[0], tuple(latent_map(names[0]).points[0].tolist()))


def show_map(name, chosen, image):
    "One model: its map, and what it makes of the place or of the other's image."
    network = checkpoint(name).network
    key = f"map-{name}"
    mine = name == chosen[0]
    latent = latent_map(name).latent(torch.tensor([chosen[1]])) if mine else encode(network, image)
    with st.container(horizontal=True, gap="medium"):
        st.altair_chart(map_chart(name, latent), key=key, on_select=lambda: remember_click(name, key), width="content")
        with st.container(width=150):
            caption = "The place, decoded" if mine else "The other's digit, encoded and decoded"
            st.image(as_url(decode(network, latent)[0], 140), caption=caption, width=140)
    st.caption(f"`{name}`: {describe(latent)}. Dots are test digits, the ring is where you are.")


def describe(latent):
    "Where a latent `[1, D]` lies, in words."
    n = latent.shape[1]
    if n == 2: return f"all of its 2 numbers, here ({latent[0, 0]:.2f}, {latent[0, 1]:.2f})"
    return f"the plane in which test digits vary most, out of {n} numbers; {latent[0].norm():.1f} from the origin here"


# Interpolation

def grey_share(x):
    "Share of pixels that are neither black nor white."
    return ((x > -0.5) & (x < 0.5)).float().mean().item()


def choose_ends(names):
    "Two digits of the visitor's choice, `[2, C, H, W]`."
    images = checkpoint(names[0]).examples()[:12]
    found = []
    for column, label, start in zip(st.columns(2), ("From", "To"), (0, 4)):
        with column:
            st.markdown(f"**{label}**")
            shown = images.roll(-start, 0)
            picked = gallery(shown, f"gallery-{label}")
            digit = upload_digit(f"upload-{label}", images.shape[-1])
            found.append(shown[picked] if digit is None else digit)
    return torch.stack(found)


def show_interpolations(names, n=9):
    "From one digit to another: through both latent spaces, and by fading pixels."
    ends = choose_ends(names)
    share = torch.linspace(0, 1, n)[:, None]
    for name in names:
        network = checkpoint(name).network
        start, end = encode(network, ends).split(1)
        y = decode(network, start * (1 - share) + end * share)
        show(side_by_side(y), f"{name}: in the middle {grey_share(y[n // 2]):.0%} of the pixels are grey")
    share = share[..., None, None]
    fade = ends[0] * (1 - share) + ends[1] * share
    grey = grey_share(fade[n // 2])
    show(side_by_side(fade), f"Fading from pixel to pixel: {grey:.0%} grey, two digits one on top of the other")


def choose_models(found):
    "A plain and a variational autoencoder for the same data; at first those with the smallest latents."
    left, right = st.columns(2)
    data = left.selectbox("Data", list(found)) if len(found) > 1 else next(iter(found))

    def choose(column, label, sizes, key):
        smallest = min(sizes, key=sizes.get)
        return column.selectbox(label, list(sizes), index=list(sizes).index(smallest), key=key)

    plain, variational = found[data]
    return (choose(left, "Autoencoder", plain, "plain"),
            choose(right, "Variational autoencoder", variational, "variational"))


def page():
    st.title("A walk through latent space")
    st.markdown("Both networks squeeze a digit into a few numbers, its latent, and draw it again. **Click anywhere on "
                "a map**: the place is decoded, and the image handed to the other network. Nothing in its training "
                "made the plain autoencoder's latents meaningful between its digits; the variational one was trained "
                "for that, and pays with blur.")
    found = comparable_models()
    if not found:
        st.info("A plain and a variational autoencoder for the same data are needed; train them, for example "
                "`recon train vae-mnist-2d`.")
        return
    names = choose_models(found)
    chosen = chosen_place(names)
    latent = latent_map(chosen[0]).latent(torch.tensor([chosen[1]]))
    image = decode(checkpoint(chosen[0]).network, latent)
    for column, name in zip(st.columns(2), names):
        with column: show_map(name, chosen, image)
    st.header("From one digit to another")
    show_interpolations(names)
