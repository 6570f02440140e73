"""The laboratory of chapter 14: three small games that fail, with their settings, and the monitor that says how."""
import math

import altair as alt
import pandas as pd
import streamlit as st

from recon.losses import ADVERSARIAL_LOSSES
from recon.models.gan import RULES, bilinear_game, generator_gradient, ring_game

from .components import BLUE, GREY, ORANGE, line_chart, player, show_findings

PRESETS = {  # of the ring's settings
    "Mode collapse: the original game, large steps": dict(
        kind="non_saturating", turns=1, lr=4e-3, discriminator_lr=4e-3, penalty=0.0, beta=0.9),
    "The cure: Wasserstein, gradient penalty": dict(
        kind="wasserstein", turns=3, lr=1e-3, discriminator_lr=1e-3, penalty=1.0, beta=0.5),
    "A discriminator far ahead": dict(
        kind="minimax", turns=5, lr=1e-4, discriminator_lr=1e-2, penalty=0.0, beta=0.5),
    "A discriminator far behind": dict(
        kind="non_saturating", turns=1, lr=1e-2, discriminator_lr=2e-4, penalty=0.0, beta=0.9),
}
LEARNING_RATES = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 4e-3, 1e-2, 2e-2, 5e-2]
DISCRIMINATOR_STEPS = (25, 50, 100, 200, 400)  # after which the gradient of the generator is measured
SMALLEST = 1e-6  # value that is shown on a logarithmic axis
POWERS = "~e"    # its numbers


# The bilinear game

def bilinear_page():
    "min over x, max over y, of x · y."
    st.markdown("One player moves x and wants **x · y** small, the other moves y and wants it large. The solution is "
                "(0, 0). Each does exactly what it should; whether they get there is decided by the *rule* of moving, "
                "and can be read off one number, the largest eigenvalue of a move.")
    left, right = st.columns(2)
    rule = left.radio("Rule", RULES, horizontal=True)
    step = right.slider("Step size η", 0.02, 1.0, 0.2, 0.02)
    moves = right.slider("Moves", 20, 400, 120, 20)
    games = {name: bilinear_game(name, step, moves) for name in RULES}
    path, largest = games[rule]
    with left: st.altair_chart(path_chart(path), width="content")
    with right:
        st.metric("Largest eigenvalue of a move", f"{largest:.4f}", border=True)
        st.markdown(f"**{bilinear_verdict(largest)}**: with every move the distance is multiplied by {largest:.4f}.")
        st.altair_chart(distance_chart(games), width="stretch")


def bilinear_verdict(largest):
    "How the game ends, by the largest eigenvalue of a move."
    if largest > 1 + 1e-9: return "They spiral out"
    return "They meet at (0, 0)" if largest < 1 - 1e-9 else "They circle for ever"


def path_chart(path):
    "The moves `[N, 2]` of both players, as a path."
    side = max(1.5, min(path.abs().max().item(), 6.0))
    data = pd.DataFrame(path.numpy(), columns=["x", "y"]).assign(move=range(len(path)))
    scale = alt.Scale(domain=[-side, side])
    place = {"x": alt.X("x:Q", scale=scale), "y": alt.Y("y:Q", scale=scale)}
    base = alt.Chart(data).encode(**place, order="move:O", tooltip=["move", "x", "y"])
    line = base.mark_line(color=BLUE, opacity=0.5, clip=True)
    dots = base.mark_circle(color=BLUE, size=22, clip=True)
    solution = alt.Chart(pd.DataFrame({"x": [0], "y": [0]}))
    cross = solution.mark_point(shape="cross", size=200, color=ORANGE, filled=True).encode(x="x", y="y")
    return (line + dots + cross).properties(width=320, height=320)


def distance_chart(games):
    "The distance from the solution, move by move, for every rule."
    rows = []
    for rule, (path, _) in games.items():
        distances = path.norm(dim=1).clamp(SMALLEST, 1 / SMALLEST).tolist()
        rows += [(rule, move, distance) for move, distance in enumerate(distances)]
    data = pd.DataFrame(rows, columns=["rule", "move", "distance"])
    axis = alt.Axis(format=POWERS, tickCount=4)
    y = alt.Y("distance:Q", scale=alt.Scale(type="log"), title="distance to (0, 0)", axis=axis)
    return line_chart(data, "move:Q", y, "rule", height=330)


# The ring

@st.cache_data(max_entries=64, show_spinner="They play …")
def play_ring(**settings): return ring_game(**settings)


def use_preset():
    "Move the sliders to where the chosen preset has them."
    for name, value in PRESETS[st.session_state.preset].items(): st.session_state[f"ring-{name}"] = value


def ring_settings():
    "What the visitor wants the game to be."
    if "ring-kind" not in st.session_state:
        st.session_state.preset = next(iter(PRESETS))
        use_preset()
    st.selectbox("Begin with", list(PRESETS), key="preset", on_change=use_preset)
    label = "{:g}".format
    return {
        "kind": st.selectbox("Loss", ADVERSARIAL_LOSSES, key="ring-kind",
                             format_func=lambda kind: kind.replace("_", " ")),
        "turns": st.slider("k: the discriminator's moves for one of the generator's", 1, 5, key="ring-turns"),
        "lr": st.select_slider("Step size of the generator", LEARNING_RATES, key="ring-lr", format_func=label),
        "discriminator_lr": st.select_slider("Step size of the discriminator", LEARNING_RATES,
                                             key="ring-discriminator_lr", format_func=label),
        "modes": st.slider("Modes", 1, 16, 8, key="ring-modes"),
        "penalty": st.slider("Gradient penalty", 0.0, 10.0, step=0.5, key="ring-penalty"),
        "beta": st.slider("Momentum", 0.0, 0.95, step=0.05, key="ring-beta"),
        "steps": st.slider("Length of the game, in steps", 100, 1000, 500, 100, key="ring-steps"),
    }


def ring_page():
    "Many modes, and a generator that should cover all of them."
    st.markdown("Real points come from a distribution with several modes, narrow Gaussians on a ring. The generator "
                "should cover all of them. Watch it gather on one mode, be found out, and move to the next: *mode "
                "collapse*. Then change the settings until every mode is covered.")
    left, right = st.columns([2, 3], gap="large")
    with left: settings = ring_settings()
    with right:
        history = play_ring(**settings)
        covered = history.covered()
        at_the_end, at_best = st.columns(2)
        counts = list(covered.values())
        modes = settings["modes"]
        at_the_end.metric("Modes covered at the end", f"{counts[-1]} of {modes}", border=True)
        at_best.metric("At best", f"{max(counts)} of {modes}", border=True)
        show_findings([finding.sentence for finding in history.findings])
        player(list(history.frames), lambda step: draw_ring(history, covered, step), "ring-step")
    st.subheader("What the monitor reads")
    draw_log(history)


def draw_ring(history, covered, step):
    "The points of one step, and how many modes were covered until then."
    scale = alt.Scale(domain=[-3, 3])
    place = {"x": alt.X("x:Q", axis=None, scale=scale), "y": alt.Y("y:Q", axis=None, scale=scale)}
    modes = alt.Chart(pd.DataFrame(history.centres.numpy(), columns=["x", "y"]))
    modes = modes.mark_circle(size=560, color=GREY, opacity=0.35, tooltip=False).encode(**place)
    made = pd.DataFrame(history.frames[step].numpy(), columns=["x", "y"])
    inside = made[made.abs().max(axis=1) <= 3]
    points = alt.Chart(inside).mark_circle(size=14, color=ORANGE, opacity=0.8, tooltip=False).encode(**place)
    st.altair_chart((modes + points).properties(width=320, height=320), width="content", key="ring-points")
    if len(inside) < len(made): st.caption(f"{len(made) - len(inside)} of {len(made)} points lie outside the frame.")
    st.altair_chart(coverage_chart(history, covered, step), width="stretch", key="ring-covered")


def coverage_chart(history, covered, step):
    "How many modes were covered, with a line at the present step."
    data = pd.DataFrame({"step": list(covered), "modes": list(covered.values())})
    scale = alt.Scale(domain=[0, len(history.centres)])
    y = alt.Y("modes:Q", scale=scale, title="modes covered", axis=alt.Axis(tickMinStep=1))
    curve = alt.Chart(data).mark_line(point=True, color=BLUE).encode(x="step:Q", y=y, tooltip=["step", "modes"])
    now = alt.Chart(pd.DataFrame({"step": [step]})).mark_rule(color=ORANGE, strokeWidth=2).encode(x="step:Q")
    return (curve + now).properties(height=160)


def draw_log(history):
    "The curves that the health monitor reads."
    titles = {"discriminator/doubt": "doubt of the discriminator", "generator/gradient": "gradient of the generator",
              "generator/diversity": "diversity", "generator/adversarial": "adversarial loss"}
    rows = [(step, name, value) for step, values in history.log.items() for name, value in values.items()]
    data = pd.DataFrame(rows, columns=["step", "name", "value"])
    for column, (name, title) in zip(st.columns(4), titles.items()):
        part = data[data.name == name]
        if not len(part):
            column.caption(f"{title}: a critic has none")
            continue
        chart = line_chart(part, "step:Q", alt.Y("value:Q", title=None), "", height=210, title=title)
        column.altair_chart(chart, width="stretch")


# A discriminator that is too good

@st.cache_data(max_entries=256, show_spinner="Training discriminators …")
def gradient_after(kind, distance, steps, penalty): return generator_gradient(kind, distance, steps, penalty)


def gradient_page():
    "What is left of the generator's gradient when the discriminator is right every time."
    st.markdown("Real points lie around 0, generated ones around θ. How large is the generator's gradient, once the "
                "discriminator has trained for so many steps? With the original loss, the better the discriminator, "
                "the *smaller* the gradient.")
    left, right = st.columns([2, 3], gap="large")
    distance = left.slider("Distance θ", 0.25, 4.0, 2.0, 0.25)
    penalty = left.slider("Gradient penalty of the Wasserstein critic", 0.0, 20.0, 10.0, 1.0)
    penalties = {"minimax": 0.0, "non_saturating": 0.0, "wasserstein": penalty}
    rows = [(kind.replace("_", " "), steps, gradient_after(kind, distance, steps, weight))
            for kind, weight in penalties.items() for steps in DISCRIMINATOR_STEPS]
    data = pd.DataFrame(rows, columns=["loss", "steps", "gradient"])
    right.altair_chart(gradient_chart(data), width="stretch")
    minimax = data[data.loss == "minimax"].gradient.tolist()
    first = minimax[0]
    last = minimax[-1]
    left.metric("Gradient with the original loss, first → last", f"{first:.2g} → {last:.2g}", border=True)
    if last < 0.01 * first or math.isclose(last, 0):
        left.warning("The gradient has vanished: the discriminator is certain, and its sigmoid is flat there.",
                     icon=":material/stethoscope:")


def gradient_chart(data):
    "The generator's gradient over the discriminator's steps, for every loss."
    scale = alt.Scale(type="log")
    x = alt.X("steps:Q", scale=scale, title="steps of the discriminator")
    axis = alt.Axis(format=POWERS, tickCount=6)
    y = alt.Y("gradient:Q", scale=scale, title="gradient of the generator", axis=axis)
    return line_chart(data.assign(gradient=data.gradient.clip(lower=SMALLEST)), x, y, "loss", height=380)


LABORATORIES = {"The smallest game": bilinear_page, "The ring": ring_page,
                "Too good a discriminator": gradient_page}


def page():
    st.title("Why GANs fail")
    st.caption("Chapter 14's laboratories. Every game is played on this computer, from the same seed, each time you "
               "change a setting.")
    chosen = st.segmented_control("Laboratory", list(LABORATORIES), default="The ring", required=True,
                                  label_visibility="collapsed")
    LABORATORIES[chosen]()
