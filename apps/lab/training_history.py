"""Training runs as time-lapse: what came out at which step, beside the curves of the log."""
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st
from torch import Tensor

from recon.benchmark import evenly_spaced
from recon.checkpoints import checkpoint_folders, read_card
from recon.core import ReconError
from recon.images import read_picture
from recon.models.gan import HealthMonitor
from recon.recipes import recipe_from_dict
from recon.training import read_log

from .components import GREY, ORANGE, line_chart, player, show, show_findings

OWN = "Runs on this computer"
SHIPPED = "Shipped with recon"
FIRST_CURVES = ("generator/diversity", "discriminator/doubt", "generator/adversarial", "valid/psnr", "network/loss",
                "valid/mse")  # worth seeing before others


@dataclass
class Record:
    "What is left of a training."
    title: str
    curves: dict                                                    # name → (steps, values)
    findings: list[str]                                             # sentences of the health monitor
    frames: dict[int, Path | Tensor] = field(default_factory=dict)  # step → image


# Read runs

def runs_folder(): return Path(os.environ.get("RECON_RUNS", "runs"))


def own_runs():
    "Runs of the visitor's own, the newest first; name → folder."
    logs = sorted(runs_folder().glob("*/log.csv"), key=lambda path: path.stat().st_mtime, reverse=True)
    return {log.parent.name: log.parent for log in logs}


def shipped_runs():
    "Checkpoints that have kept their log; name → folder."
    return {name: folder for name, folder in checkpoint_folders().items() if (folder / "log.csv").exists()}


def read_curves(folder):
    "The log of a run; raises `ReconError` with one sentence."
    try: return read_log(folder / "log.csv")
    except (ValueError, OSError) as e:
        raise ReconError(f"The log of '{folder.name}' can't be read: a row isn't 'step,name,value'.") from e


def monitor_curves(curves):
    "What the health monitor says of a log."
    values_at = {}
    for name, (steps, values) in curves.items():
        for step, value in zip(steps, values): values_at.setdefault(step, {})[name] = value
    monitor = HealthMonitor()
    return [finding.sentence for step in sorted(values_at) for finding in monitor.update(step, values_at[step])]


def own_record(folder):
    "A run folder: its log, and a sample for every validation."
    curves = read_curves(folder)
    frames = {int(path.stem): path for path in sorted((folder / "samples").glob("*.png")) if path.stem.isdigit()}
    return Record(run_title(folder), curves, monitor_curves(curves), frames)


def run_title(folder):
    "The title of a run's recipe; of a run without one, its folder."
    try: return recipe_from_dict(json.loads((folder / "recipe.json").read_text(encoding="utf-8"))).title
    except (OSError, ValueError, ReconError): return folder.name


def shipped_record(folder):
    "What a checkpoint has kept: its thinned log, and rows of samples where there are some."
    card = read_card(folder)
    curves = read_curves(folder)
    frames = time_lapse(folder / "time_lapse.png", card["recipe"]["size"], curves)
    return Record(recipe_from_dict(card["recipe"]).title, curves, card.get("findings", []), frames)


def time_lapse(path, size, curves):
    "Rows of `time_lapse.png`, by the step of the validation that they were drawn at."
    if not path.exists(): return {}
    rows = [row for row in read_picture(path).pixels.split(size + 1, 1) if row.shape[1] == size + 1]
    validated = (steps for name, (steps, _) in curves.items() if name.startswith("valid/"))
    steps = next(validated, range(1, len(rows) + 1))
    return {steps[i]: row for i, row in zip(evenly_spaced(len(steps), len(rows)), rows)}


# Show them

def draw_step(record, names, step):
    "One moment: the image of that step, and the curves until then."
    if step in record.frames:
        frame = record.frames[step]
        show(frame if isinstance(frame, Tensor) else read_picture(frame).pixels)
    for column, name in zip(st.columns(min(3, len(names))), names):
        column.altair_chart(curve_chart(record, name, step), width="stretch")


def curve_chart(record, name, step):
    "One quantity over the training, up to now in colour."
    steps, values = record.curves[name]
    data = pd.DataFrame({"step": steps, "value": values})
    wide = (data.value > 0).all() and data.value.max() > 30 * data.value.min()
    y = alt.Y("value:Q", title=None, scale=alt.Scale(type="log" if wide else "linear", zero=False))
    whole = alt.Chart(data).mark_line(color=GREY, opacity=0.4).encode(x=alt.X("step:Q"), y=y)
    past = line_chart(data[data.step <= step], "step:Q", y, "", height=190, title=name)
    now = alt.Chart(pd.DataFrame({"step": [step]})).mark_rule(color=ORANGE, strokeWidth=2).encode(x="step:Q")
    return whole + past + now


def first_curves(curves):
    "The curves worth seeing first."
    return [name for name in FIRST_CURVES if name in curves][:3] or list(curves)[:3]


def steps_of(record):
    "The steps there are: those with an image, else about thirty."
    known = sorted({step for steps, _ in record.curves.values() for step in steps})
    return sorted(record.frames) or [known[i] for i in evenly_spaced(len(known), 30)]


def choose_run():
    "A run, as its folder and the function that reads it; `None` without one."
    own = own_runs()
    kind = st.segmented_control("Which", [SHIPPED, OWN], default=OWN if own else SHIPPED, required=True,
                                label_visibility="collapsed")
    runs = own if kind == OWN else shipped_runs()
    if not runs:
        st.info(f"There are no runs in '{runs_folder()}'. Train one with `recon train dense-digits`, or name another "
                "folder with `recon lab --runs FOLDER`.")
        return None
    with_images = {name for name, folder in runs.items() if (folder / "time_lapse.png").exists()}
    names = list(runs) if kind == OWN else sorted(runs, key=lambda name: name not in with_images)
    name = st.selectbox("Run", names, format_func=lambda name: f"{name}, with images" if name in with_images else name)
    return runs[name], own_record if kind == OWN else shipped_record


def page():
    st.title("How it learned")
    st.caption("Drag the step, or let it play. The test images, or the latents, are the same each time.")
    chosen = choose_run()
    if chosen is None: return
    folder, read = chosen
    try: record = read(folder)
    except ReconError as e:
        st.error(str(e), icon=":material/broken_image:")
        return
    steps = steps_of(record)
    if not steps:
        st.info(f"The log of '{folder.name}' is empty; come back when training has begun.")
        return
    st.markdown(f"**{record.title}**")
    default = first_curves(record.curves)
    names = st.multiselect("Curves", list(record.curves), default, key=f"curves-{folder.name}") or default
    player(steps, lambda step: draw_step(record, names, step), f"player-{folder.name}")
    if any("discriminator" in name for name in record.curves): show_findings(record.findings)
