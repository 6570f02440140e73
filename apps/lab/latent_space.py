"A walk through the codes of an autoencoder and of a variational one, side by side."
from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import streamlit as st
import torch
from parts import ORANGE, YELLOW, as_url, cards, checkpoint, gallery, own_digit, show, strip
from torch import Tensor

from recon.core import parse_spec
from recon.models.variational_autoencoder import VariationalAutoencoder
from recon.recipes import NETWORKS, load_chapters

SIDE, DIGITS, CELLS = 336, 14, 42  # of a map: pixels, digits in a row, and places in a row that can be clicked


def encode(network, x):
    "The code of an image, `[B, D]`; of a distribution of codes, its mean."
    z = network.encode(x)
    return z[0] if isinstance(z, tuple) else z


def decode(network, z):
    "Codes as images, `[B, C, H, W]` in [-1, 1]."
    y = network.decode(z)
    return y.sigmoid() * 2 - 1 if isinstance(network, VariationalAutoencoder) else y


@st.cache_data(show_spinner=False, ttl=30)
def pairs():
    "Data set → plain and variational autoencoders whose code is a list of numbers, and how many those are, where there are both."
    load_chapters()
    found = {}
    for name, card in cards().items():
        recipe = card["recipe"]
        if not hasattr(NETWORKS[parse_spec(recipe["network"])[0]], "decode"): continue
        known = checkpoint(name)
        if not len(x := known.examples()) or (code := encode(known.network, x[:1])).ndim != 2: continue
        found.setdefault(recipe["data"], ({}, {}))[isinstance(known.network, VariationalAutoencoder)][name] = code.shape[1]
    return {data: kinds for data, kinds in found.items() if all(kinds)}


@dataclass
class Plane:
    "A map of a space of codes: all of it where it has two dimensions, else the plane in which digits differ most."
    origin: Tensor  # `[D]`
    axes: Tensor    # `[2, D]`
    points: Tensor  # `[N, 2]`, where the test images lie
    reach: float    # half a side of the map

    def code(self, xy): return self.origin + xy @ self.axes  # [N, 2] → [N, D]

    def place(self, z): return (z - self.origin) @ self.axes.T  # [N, D] → [N, 2]


@st.cache_resource(max_entries=16, show_spinner="Drawing the map …")
def plane(name):
    known = checkpoint(name)
    z = encode(known.network, known.examples())
    if z.shape[1] == 2: origin, axes = torch.zeros(2), torch.eye(2)
    else:
        origin = z.mean(0)
        axes = torch.linalg.svd(z - origin, full_matrices=False).Vh[:2]
    points = (z - origin) @ axes.T
    return Plane(origin, axes, points, 1.1 * points.abs().max().item())


@st.cache_data(max_entries=16, show_spinner="Drawing the map …")
def mosaic(name):
    "The whole map, decoded."
    chart, network = plane(name), checkpoint(name).network
    ticks = ((torch.arange(DIGITS) + 0.5) / DIGITS * 2 - 1) * chart.reach
    y = decode(network, chart.code(torch.cartesian_prod(ticks.flip(0), ticks).flip(1)))
    rows = [torch.cat(list(row), -1) for row in y.split(DIGITS)]
    return as_url(torch.cat(rows, -2))


def layers(name, at):
    "Background, test images, the place that was chosen, and what takes the clicks."
    reach = plane(name).reach
    scale = alt.Scale(domain=[-reach, reach], nice=False)
    place = {"x": alt.X("x:Q", axis=None, scale=scale), "y": alt.Y("y:Q", axis=None, scale=scale)}
    whole = pd.DataFrame([{"x": -reach, "y": reach, "x2": reach, "y2": -reach, "url": mosaic(name)}])
    picture = alt.Chart(whole).mark_image(aspect=False, tooltip=False)
    dots = alt.Chart(pd.DataFrame(plane(name).points.numpy(), columns=["x", "y"])).mark_circle(size=28, color=YELLOW, opacity=0.9, tooltip=False)
    here = pd.DataFrame([dict(zip("xy", np.clip(at, -reach, reach)))])
    mark = alt.Chart(here).mark_point(size=260, color=ORANGE, strokeWidth=4, shape="circle", tooltip=False)
    return [picture.encode(**place, x2="x2", y2="y2", url="url"), dots.encode(**place), mark.encode(**place), cells(reach, scale)]


def cells(reach, scale):
    "Small squares that nobody sees and anybody can click."
    step = 2 * reach / CELLS
    edges = np.arange(CELLS) * step - reach
    grid = pd.DataFrame([(x, y, x + step, y + step) for x in edges for y in edges], columns=["x", "y", "x2", "y2"]).round(4)
    picked = alt.selection_point(name="picked", fields=["x", "y"], toggle=False, clear=False)
    return alt.Chart(grid).mark_rect(opacity=0.001, cursor="crosshair", tooltip=False).encode(
        x=alt.X("x:Q", axis=None, scale=scale), x2="x2", y=alt.Y("y:Q", axis=None, scale=scale), y2="y2").add_params(picked)


def clicked(name, key):
    "Remember which map was clicked last, and where."
    rows = st.session_state[key].selection.get("picked")
    half = plane(name).reach / CELLS
    if rows: st.session_state.here = name, (rows[0]["x"] + half, rows[0]["y"] + half)


def spot(names):
    "The code that was chosen, as a model and a place on its map."
    name, xy = st.session_state.get("here", (None, None))
    return (name, xy) if name in names else (names[0], tuple(plane(names[0]).points[0].tolist()))


def side(name, chosen, picture):
    "One model: its map, and what it makes of the place or of the other's image."
    network, key = checkpoint(name).network, f"map-{name}"
    mine = name == chosen[0]
    z = plane(name).code(torch.tensor([chosen[1]])) if mine else encode(network, picture)
    chart = alt.layer(*layers(name, plane(name).place(z)[0].tolist())).properties(width=SIDE, height=SIDE, padding=0, autosize="none", description=f"Map of the codes of {name}; click to decode a place").configure_view(stroke=None)
    with st.container(horizontal=True, gap="medium"):
        st.altair_chart(chart, key=key, on_select=lambda: clicked(name, key), width="content")
        with st.container(width=150):
            st.image(as_url(decode(network, z)[0], 140), caption="The place, decoded" if mine else "The other's digit, encoded and decoded", width=140)
    st.caption(f"`{name}`: {about(z)}. Dots are test digits, the ring is where you are.")


def about(z):
    "Where a code lies, in words."
    n = z.shape[1]
    if n == 2: return f"all of its 2 numbers, here ({z[0, 0]:.2f}, {z[0, 1]:.2f})"
    return f"the plane in which test digits differ most, out of {n} numbers; {z[0].norm():.1f} from the origin here"


def grey(x):
    "Share of pixels that are neither black nor white."
    return ((x > -0.5) & (x < 0.5)).float().mean().item()


def ends(names):
    "Two digits of the visitor's choice."
    images, found = checkpoint(names[0]).examples()[:12], []
    for column, label, start in zip(st.columns(2), ("From", "To"), (0, 4)):
        with column:
            st.markdown(f"**{label}**")
            shown = images.roll(-start, 0)
            picked = gallery(shown, f"gallery-{label}")
            own = own_digit(f"own-{label}", images.shape[-1])
            found.append(shown[picked] if own is None else own)
    return torch.stack(found)


def between(names, n=9):
    "From one digit to another: through both spaces of codes, and by fading pixels."
    ends_of, t = ends(names), torch.linspace(0, 1, n)[:, None]
    fade = ends_of[0] * (1 - t[..., None, None]) + ends_of[1] * t[..., None, None]
    for name in names:
        network = checkpoint(name).network
        a, b = encode(network, ends_of).split(1)
        y = decode(network, a * (1 - t) + b * t)
        show(strip(y), f"{name}: in the middle {grey(y[n // 2]):.0%} of the pixels are grey")
    show(strip(fade), f"Fading from pixel to pixel: {grey(fade[n // 2]):.0%} grey, two digits one on top of the other")


def choose(found):
    "A plain and a variational autoencoder for the same data; at first those whose whole space fits on a map."
    left, right = st.columns(2)
    data = left.selectbox("Data", list(found)) if len(found) > 1 else next(iter(found))
    pick = lambda side, label, codes, key: side.selectbox(label, list(codes), index=list(codes).index(min(codes, key=codes.get)), key=key)
    plain, variational = found[data]
    return pick(left, "Autoencoder", plain, "plain"), pick(right, "Variational autoencoder", variational, "variational")


def page():
    st.title("A walk through latent space")
    st.markdown("Both networks squeeze a digit into a few numbers and draw it again. **Click anywhere on a map**: the place is decoded, and "
                "the image handed to the other network. Nobody asked the plain autoencoder to make sense between its digits; the "
                "variational one was asked, and pays with blur.")
    if not (found := pairs()):
        st.info("A plain and a variational autoencoder for the same data are needed; train them, for example `recon train vae-mnist-2d`.")
        return
    names = choose(found)
    chosen = spot(names)
    picture = decode(checkpoint(chosen[0]).network, plane(chosen[0]).code(torch.tensor([chosen[1]])))
    for column, name in zip(st.columns(2), names):
        with column: side(name, chosen, picture)
    st.header("From one digit to another")
    between(names)
