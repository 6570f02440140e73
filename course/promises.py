"""The table of what was promised: promises.toml joined with the models' cards. `python course/promises.py` prints it."""
import json
import re
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
CARDS = HERE.parent / "recon" / "checkpoints"
UNITS = {  # how a metric is written
    "mse": "MSE {:.4f}", "mae": "MAE {:.4f}", "mse_hole": "MSE in the hole {:.4f}", "mse_ring": "MSE of the ring {:.7f}", "mse_outside": "MSE outside {:.7f}",
    "psnr": "{:.2f} dB", "psnr_head": "{:.2f} dB in the head", "ssim": "SSIM {:.3f}", "cifar10_distance": "distance in features {:.3f}",
    "cifar10_kid": "kernel distance {:.4f}", "fid_pca64": "Fréchet distance {:.1f}", "nll_nats": "{:.1f} nats", "delta_e": "ΔE {:.2f}",
    "colourfulness_ratio": "colourfulness {:.2f} of the truth", "accuracy": "{:.1%} right"}
HEAD = ["| experiment | they printed | ours, read their way | ours, measured rightly | best baseline | bars |", "|---|---|---|---|---|---|"]


def experiments(): return tomllib.loads((HERE / "promises.toml").read_text(encoding="utf-8"))["group"]


def read_card(model):
    "A model's card, or `None` while it isn't trained."
    path = CARDS / model / "card.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def said(metrics, row):
    "One or several metrics of a row in words, e.g. `psnr, ssim`."
    return ", ".join(UNITS[metric].format(row[metric]) for metric in metrics.split(", "))


def value(card, metric, what, better):
    "What a bar compares with: a number, the best baseline, a baseline, another metric of the same card, or another model."
    rows = card["baselines"]
    if re.fullmatch(r"[\d.]+", what): return float(what)
    if what == "best": return better(row[metric] for row in rows.values() if metric in row)
    if what in rows: return rows[what][metric]
    if what in card["metrics"]: return card["metrics"][what]
    return read_card(what)["metrics"][metric]


def holds(card, bar):
    "Whether a bar holds, and by what it is missed."
    if bar == "monitor silent": return not card["findings"], "it speaks"
    if bar.startswith("monitor: "): return any(bar.removeprefix("monitor: ") in finding for finding in card["findings"]), "it doesn't say so"
    metric, sign, times, what, add = re.fullmatch(r"(\w+) (<=?|>=?) (?:([\d.]+) \* )?(.+?)( [+-] [\d.]+)?", bar).groups()
    ours = card["metrics"][metric]
    limit = float(times or 1) * value(card, metric, what, min if "<" in sign else max) + float((add or "0").replace(" ", ""))
    kept = {"<": ours < limit, "<=": ours <= limit, ">": ours > limit, ">=": ours >= limit}[sign]
    return kept, " against ".join(re.search(r"-?[\d.]+%?", said(metric, {metric: number}))[0] for number in (ours, limit))


def promised(card, bars):
    "The bars, each with ✓ or what it fell short of."
    if not card: return "; ".join(f"`{bar}`" for bar in bars)
    return "; ".join(f"✓ `{bar}`" if kept else f"**✗** `{bar}`: {short}" for bar in bars for kept, short in [holds(card, bar)])


def classical(card, one):
    "The best baseline by the first metric that is shown."
    metric = one["metric"].split(", ")[0]
    rows = {name: row for name, row in card["baselines"].items() if metric in row}
    if not rows: return "–"
    best = max if metric.startswith(("psnr", "ssim", "accuracy")) else min
    name = one.get("rival") or best(rows, key=lambda name: rows[name][metric])
    return f"{said(one['metric'], rows[name])} (`{name}`)"


def row(one):
    "One line of the table."
    lecture = HERE.parent / "nbs" / f"{one['chapter']}.ipynb"
    chapter = one["chapter"][:2]
    where = f"[{chapter}]({lecture.name})" if lecture.exists() else chapter
    name = f"{where} {one['what']}" + (f", `{one['model']}`" if "model" in one else "")
    if "shown" in one: return f"| {name} | {one.get('printed', '–')} | – | {one['shown']} | – | – |"
    found, theirs, ours, rival = read_card(one["model"]), "–", "in preparation", "–"
    if found:
        ours, rival = said(one["metric"], found["metrics"]), classical(found, one)
        if "read_as" in one:
            metric, shift = re.fullmatch(r"(\w+)( - [\d.]+)?", one["read_as"]).groups()
            theirs = said(metric, {metric: found["metrics"][metric] + float((shift or "0").replace(" ", ""))})
    return f"| {name} | {one.get('printed', '–')} | {theirs} | {ours} | {rival} | {promised(found, one['bars']) or '–'} |"


def table():
    "The whole table as Markdown; links start in nbs/."
    groups = experiments()
    trained = [(found, bar) for g in groups for one in g["experiment"] if "model" in one and (found := read_card(one["model"])) for bar in one["bars"]]
    kept = sum(holds(found, bar)[0] for found, bar in trained)
    lines = [line for g in groups for line in [f"| **{g['name']}** | | | | | |", *map(row, g["experiment"])]]
    return "\n".join([*HEAD, *lines, "", f"{kept} of {len(trained)} bars hold."])


if __name__ == "__main__": print(table())
