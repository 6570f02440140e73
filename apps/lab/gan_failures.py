"The laboratory of chapter 14: three small games that go wrong, with their knobs, and the monitor that says how."
import math

import altair as alt
import pandas as pd
import streamlit as st
from parts import BLUE, GREY, ORANGE, doctor, film, lines

from recon.losses import ADVERSARIAL_LOSSES
from recon.models.gan import RULES, bilinear_game, generator_gradient, ring_game

PRESETS = {  # of the ring's knobs
    "The hunt: the original game, large steps": dict(kind="non_saturating", turns=1, lr=4e-3, discriminator_lr=4e-3, penalty=0.0, beta=0.9),
    "The cure: Wasserstein, gradient penalty": dict(kind="wasserstein", turns=3, lr=1e-3, discriminator_lr=1e-3, penalty=1.0, beta=0.5),
    "A discriminator far ahead": dict(kind="minimax", turns=5, lr=1e-4, discriminator_lr=1e-2, penalty=0.0, beta=0.5),
    "A discriminator far behind": dict(kind="non_saturating", turns=1, lr=1e-2, discriminator_lr=2e-4, penalty=0.0, beta=0.9),
}
SPEEDS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 4e-3, 1e-2, 2e-2, 5e-2]
PATIENCE = (25, 50, 100, 200, 400)


# The smallest game

def smallest_game():
    "min over x, max over y, of x · y."
    st.markdown("One player moves x and wants **x · y** small, the other moves y and wants it large. The solution is (0, 0). Each does exactly "
                "what it should; whether they get there is decided by the *rule* of moving, and told by one number, the largest eigenvalue of a move.")
    left, right = st.columns(2)
    rule = left.radio("Rule", RULES, horizontal=True)
    step = right.slider("Step size η", 0.02, 1.0, 0.2, 0.02)
    moves = right.slider("Moves", 20, 400, 120, 20)
    games = {r: bilinear_game(r, step, moves) for r in RULES}
    path, largest = games[rule]
    with left: st.altair_chart(path_chart(path), width="content")
    with right:
        verdict = "They spiral out" if largest > 1 + 1e-9 else "They meet at (0, 0)" if largest < 1 - 1e-9 else "They circle for ever"
        st.metric("Largest eigenvalue of a move", f"{largest:.4f}", border=True)
        st.markdown(f"**{verdict}**: with every move the distance is multiplied by {largest:.4f}.")
        st.altair_chart(distance_chart(games), width="stretch")


def path_chart(path):
    far = max(1.5, min(path.abs().max().item(), 6.0))
    data = pd.DataFrame(path.numpy(), columns=["x", "y"]).assign(move=range(len(path)))
    scale = alt.Scale(domain=[-far, far])
    base = alt.Chart(data).encode(x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale), order="move:O", tooltip=["move", "x", "y"])
    aim = alt.Chart(pd.DataFrame({"x": [0], "y": [0]})).mark_point(shape="cross", size=200, color=ORANGE, filled=True).encode(x="x", y="y")
    return (base.mark_line(color=BLUE, opacity=0.5, clip=True) + base.mark_circle(color=BLUE, size=22, clip=True) + aim).properties(width=320, height=320)


def distance_chart(games):
    rows = [(rule, k, max(1e-6, min(r, 1e6))) for rule, (path, _) in games.items() for k, r in enumerate(path.norm(dim=1).tolist())]
    data = pd.DataFrame(rows, columns=["rule", "move", "distance"])
    return lines(data, "move:Q", alt.Y("distance:Q", scale=alt.Scale(type="log"), title="distance to (0, 0)", axis=alt.Axis(format="~e", tickCount=4)), "rule", height=330)


# The ring

@st.cache_data(max_entries=64, show_spinner="They play …")
def played(**knobs): return ring_game(**knobs)


def preset(): st.session_state.update({f"ring-{k}": v for k, v in PRESETS[st.session_state.preset].items()})


def knobs():
    "What the visitor wants the game to be."
    if "ring-kind" not in st.session_state: st.session_state.update({f"ring-{k}": v for k, v in next(iter(PRESETS.values())).items()})
    st.selectbox("Begin with", list(PRESETS), key="preset", on_change=preset)
    label = "{:g}".format
    return {
        "kind": st.selectbox("Loss", ADVERSARIAL_LOSSES, key="ring-kind", format_func=lambda k: k.replace("_", " ")),
        "turns": st.slider("k: the discriminator's moves for one of the generator's", 1, 5, key="ring-turns"),
        "lr": st.select_slider("Step size of the generator", SPEEDS, key="ring-lr", format_func=label),
        "discriminator_lr": st.select_slider("Step size of the discriminator", SPEEDS, key="ring-discriminator_lr", format_func=label),
        "modes": st.slider("Islands", 1, 16, 8, key="ring-modes"),
        "penalty": st.slider("Gradient penalty", 0.0, 10.0, step=0.5, key="ring-penalty"),
        "beta": st.slider("Momentum", 0.0, 0.95, step=0.05, key="ring-beta"),
        "steps": st.slider("Length of the game, in steps", 100, 1000, 500, 100, key="ring-steps"),
    }


def ring():
    "Many islands, and a generator that should people all of them."
    st.markdown("Real points lie on islands in a ring. The generator should people all of them. Watch it gather on one, be found out, and move to "
                "the next: *mode collapse* is a chase. Then turn the knobs until every island is covered.")
    left, right = st.columns([2, 3], gap="large")
    with left: chosen = knobs()
    with right:
        game = played(**chosen)
        covered = game.covered()
        a, b = st.columns(2)
        a.metric("Islands covered at the end", f"{list(covered.values())[-1]} of {chosen['modes']}", border=True)
        b.metric("At best", f"{max(covered.values())} of {chosen['modes']}", border=True)
        doctor([f.sentence for f in game.findings])
        film(list(game.frames), lambda step: ring_scene(game, covered, step), "ring-step")
    st.subheader("What the monitor reads")
    vital_signs(game)


def ring_scene(game, covered, step):
    "The points of one step, and how many islands were covered until then."
    scale = alt.Scale(domain=[-3, 3])
    place = {"x": alt.X("x:Q", axis=None, scale=scale), "y": alt.Y("y:Q", axis=None, scale=scale)}
    islands = alt.Chart(pd.DataFrame(game.centres.numpy(), columns=["x", "y"])).mark_circle(size=560, color=GREY, opacity=0.35, tooltip=False).encode(**place)
    made = pd.DataFrame(game.frames[step].numpy(), columns=["x", "y"])
    seen = made[made.abs().max(axis=1) <= 3]
    points = alt.Chart(seen).mark_circle(size=14, color=ORANGE, opacity=0.8, tooltip=False).encode(**place)
    st.altair_chart((islands + points).properties(width=320, height=320), width="content", key="ring-points")
    if len(seen) < len(made): st.caption(f"{len(made) - len(seen)} of {len(made)} points have left the image.")
    data = pd.DataFrame({"step": list(covered), "islands": list(covered.values())})
    top = alt.Y("islands:Q", scale=alt.Scale(domain=[0, len(game.centres)]), title="covered", axis=alt.Axis(tickMinStep=1))
    curve = alt.Chart(data).mark_line(point=True, color=BLUE).encode(x="step:Q", y=top, tooltip=["step", "islands"])
    now = alt.Chart(pd.DataFrame({"step": [step]})).mark_rule(color=ORANGE, strokeWidth=2).encode(x="step:Q")
    st.altair_chart((curve + now).properties(height=160), width="stretch", key="ring-covered")


def vital_signs(game):
    "The curves that the health monitor judges by."
    names = {"discriminator/doubt": "doubt of the discriminator", "generator/gradient": "gradient of the generator",
             "generator/diversity": "diversity", "generator/adversarial": "adversarial loss"}
    data = pd.DataFrame([(step, name, value) for step, values in game.log.items() for name, value in values.items()], columns=["step", "name", "value"])
    for column, (name, title) in zip(st.columns(4), names.items()):
        part = data[data.name == name]
        if len(part): column.altair_chart(lines(part, "step:Q", alt.Y("value:Q", title=None), "", height=210, title=title), width="stretch")
        else: column.caption(f"{title}: a critic has none")


# A discriminator that is too good

@st.cache_data(max_entries=256, show_spinner="Training discriminators …")
def pull(kind, distance, steps, penalty): return generator_gradient(kind, distance, steps, penalty)


def teacher():
    "What is left of the gradient when the discriminator is right every time."
    st.markdown("Real points lie around 0, made ones around θ. How strongly is the generator pulled back, once the discriminator has trained for so "
                "many steps? With the original loss, the better the discriminator, the *less* it teaches.")
    left, right = st.columns([2, 3], gap="large")
    distance = left.slider("Distance θ", 0.25, 4.0, 2.0, 0.25)
    penalty = left.slider("Gradient penalty of the Wasserstein critic", 0.0, 20.0, 10.0, 1.0)
    kinds = {"minimax": 0.0, "non_saturating": 0.0, "wasserstein": penalty}
    rows = [(k.replace("_", " "), n, pull(k, distance, n, p)) for k, p in kinds.items() for n in PATIENCE]
    data = pd.DataFrame(rows, columns=["loss", "steps", "pull"])
    log = alt.Scale(type="log")
    right.altair_chart(lines(data.assign(pull=data.pull.clip(lower=1e-6)), alt.X("steps:Q", scale=log, title="steps of the discriminator"),
                             alt.Y("pull:Q", scale=log, title="pull on the generator", axis=alt.Axis(format="~e", tickCount=6)), "loss", height=380), width="stretch")
    first, last = (data[(data.loss == "minimax") & (data.steps == n)].pull.item() for n in (PATIENCE[0], PATIENCE[-1]))
    left.metric("Pull of the original loss, first → last", f"{first:.2g} → {last:.2g}", border=True)
    if last < 0.01 * first or math.isclose(last, 0): left.warning("The gradient has vanished: the discriminator is certain, and certainty has no slope.", icon=":material/stethoscope:")


GAMES = {"The smallest game": smallest_game, "The ring": ring, "Too good a teacher": teacher}


def page():
    st.title("Why GANs fail")
    st.caption("Chapter 14's laboratories. Every game is played on this computer, from the same seed, each time you turn a knob.")
    GAMES[st.segmented_control("Laboratory", list(GAMES), default="The ring", required=True, label_visibility="collapsed")]()
