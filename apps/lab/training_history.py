"Training runs as time-lapse: what came out at which step, beside the curves of the log."
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st
from parts import GREY, ORANGE, doctor, film, lines, show
from torch import Tensor

from recon.benchmark import evenly_spaced
from recon.checkpoints import checkpoint_folders, read_card
from recon.core import ReconError
from recon.images import read_picture
from recon.recipes import recipe_from_dict
from recon.training import HealthMonitor, read_log

OWN = "Runs on this computer"


@dataclass
class Record:
    "What is left of a training."
    title: str
    curves: dict                                             # name → (steps, values)
    findings: list[str]                                      # what the monitor said
    frames: dict[int, Path | Tensor] = field(default_factory=dict)  # step → image


def runs_folder(): return Path(os.environ.get("RECON_RUNS", "runs"))


def own_runs():
    "Runs of the visitor's own, the newest first, by name."
    logs = sorted(runs_folder().glob("*/log.csv"), key=lambda p: p.stat().st_mtime, reverse=True)
    return {log.parent.name: log.parent for log in logs}


def shipped_runs(): return {name: folder for name, folder in checkpoint_folders().items() if (folder / "log.csv").exists()}


def curves_of(folder):
    "The log, or one clear sentence."
    try: return read_log(folder / "log.csv")
    except (ValueError, OSError) as e: raise ReconError(f"The log of '{folder.name}' can't be read: a row isn't 'step,name,value'.") from e


def monitored(curves):
    "What the health monitor says of a log."
    table, monitor = {}, HealthMonitor()
    for name, (steps, values) in curves.items():
        for step, value in zip(steps, values): table.setdefault(step, {})[name] = value
    return [f.sentence for step in sorted(table) for f in monitor.update(step, table[step])]


def own_record(folder):
    "A run folder: its log, and a sample for every validation."
    curves = curves_of(folder)
    frames = {int(p.stem): p for p in sorted((folder / "samples").glob("*.png")) if p.stem.isdigit()}
    return Record(title_of(folder), curves, monitored(curves), frames)


def title_of(folder):
    "What its recipe is called; of a run without one, its folder."
    try: return recipe_from_dict(json.loads((folder / "recipe.json").read_text(encoding="utf-8"))).title
    except (OSError, ValueError, ReconError): return folder.name


def shipped_record(folder):
    "What a checkpoint has kept: its thinned log, and rows of samples where there are some."
    card, curves = read_card(folder), curves_of(folder)
    return Record(recipe_from_dict(card["recipe"]).title, curves, card.get("findings", []), time_lapse(folder, card, curves))


def time_lapse(folder, card, curves):
    "Rows of `time_lapse.png`, by the step of the validation that they were drawn at."
    path, size = folder / "time_lapse.png", card["recipe"]["size"]
    if not path.exists(): return {}
    rows = [r for r in read_picture(path).pixels.split(size + 1, 1) if r.shape[1] == size + 1]
    steps = next((s for name, (s, _) in curves.items() if name.startswith("valid/")), range(1, len(rows) + 1))
    return {steps[i]: row for i, row in zip(evenly_spaced(len(steps), len(rows)), rows)}


def scene(record, step):
    "One moment."
    if step in record.frames:
        frame = record.frames[step]
        show(frame if isinstance(frame, Tensor) else read_picture(frame).pixels)
    for column, name in zip(st.columns(min(3, len(record.chosen))), record.chosen): column.altair_chart(curve(record, name, step), width="stretch")


def curve(record, name, step):
    "One quantity over the training, up to now in colour."
    data = pd.DataFrame(dict(zip(("step", "value"), record.curves[name])))
    scale = alt.Scale(type="log" if (data.value > 0).all() and data.value.max() > 30 * data.value.min() else "linear", zero=False)
    y = alt.Y("value:Q", title=None, scale=scale)
    past = lines(data[data.step <= step], "step:Q", y, "", height=190, title=name)
    now = alt.Chart(pd.DataFrame({"step": [step]})).mark_rule(color=ORANGE, strokeWidth=2).encode(x="step:Q")
    return alt.Chart(data).mark_line(color=GREY, opacity=0.4).encode(x=alt.X("step:Q"), y=y) + past + now


def favourites(curves):
    "The curves worth seeing first."
    wanted = ("generator/diversity", "discriminator/doubt", "generator/adversarial", "valid/psnr", "network/loss", "valid/mse")
    return [name for name in wanted if name in curves][:3] or list(curves)[:3]


def steps_of(record):
    "The moments there are: those with an image, else about thirty."
    known = sorted({s for steps, _ in record.curves.values() for s in steps})
    return sorted(record.frames) or [known[i] for i in evenly_spaced(len(known), 30)]


def choose():
    "A run, as its folder and the function that reads it."
    own, shipped = own_runs(), shipped_runs()
    kind = st.segmented_control("Which", ["Shipped with recon", OWN], default=OWN if own else "Shipped with recon", required=True, label_visibility="collapsed")
    runs = own if kind == OWN else shipped
    if not runs:
        st.info(f"There are no runs in '{runs_folder()}'. Train one with `recon train dense-digits`, or name another folder with `recon lab --runs FOLDER`.")
        return None
    films_first = sorted(runs, key=lambda n: kind != OWN and not (runs[n] / "time_lapse.png").exists())
    name = st.selectbox("Run", films_first, format_func=lambda n: f"{n}, with images" if (runs[n] / "time_lapse.png").exists() else n)
    return runs[name], own_record if kind == OWN else shipped_record


def page():
    st.title("How it learned")
    st.caption("Drag the step, or let it play. Images are the same test images, or the same latents, each time.")
    if not (chosen := choose()): return
    folder, read = chosen
    try: record = read(folder)
    except ReconError as e:
        st.error(str(e), icon=":material/broken_image:")
        return
    if not (moments := steps_of(record)):
        st.info(f"The log of '{folder.name}' is empty; come back when training has begun.")
        return
    st.markdown(f"**{record.title}**")
    record.chosen = st.multiselect("Curves", list(record.curves), favourites(record.curves), key=f"curves-{folder.name}") or favourites(record.curves)
    film(moments, lambda step: scene(record, step), f"film-{folder.name}")
    if any("discriminator" in name for name in record.curves): doctor(record.findings)
