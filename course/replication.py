"""The replication table: replication.toml joined with the models' cards. `python course/replication.py` prints it."""
import json
import re
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
CARDS = HERE.parent / "recon" / "checkpoints"
FORMATS = {  # how a metric is written
    "mse": "MSE {:.4f}",
    "mae": "MAE {:.4f}",
    "mse_hole": "MSE in the hole {:.4f}",
    "mse_ring": "MSE of the ring {:.7f}",
    "mse_outside": "MSE outside {:.7f}",
    "psnr": "{:.2f} dB",
    "psnr_head": "{:.2f} dB in the head",
    "ssim": "SSIM {:.3f}",
    "cifar10_distance": "distance in features {:.3f}",
    "cifar10_kid": "kernel distance {:.4f}",
    "fid_pca64": "Fréchet distance {:.1f}",
    "nll_nats": "{:.1f} nats",
    "delta_e": "ΔE {:.2f}",
    "colourfulness_ratio": "colourfulness {:.2f} of the truth",
    "accuracy": "{:.1%} right",
}
LARGER_IS_BETTER = ("psnr", "ssim", "accuracy")
BAR = re.compile(r"(?P<metric>\w+) (?P<sign><=?|>=?) (?:(?P<times>[\d.]+) \* )?(?P<what>.+?)(?P<add> [+-] [\d.]+)?")
HEAD = ["| experiment | they printed | ours, read their way | ours, measured rightly | best baseline | bars |",
        "|---|---|---|---|---|---|"]


def experiments(): return tomllib.loads((HERE / "replication.toml").read_text(encoding="utf-8"))["group"]


def read_card(model):
    "A model's card, or `None` while it isn't trained."
    path = CARDS / model / "card.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def formatted(metrics, row):
    "One or several metrics of a row as text; `metrics` is e.g. `psnr, ssim`."
    return ", ".join(FORMATS[metric].format(row[metric]) for metric in metrics.split(", "))


def limit_of(card, metric, what, better):
    "What a bar compares with: a number, the best baseline, a baseline, another metric of the card, or another model."
    rows = card["baselines"]
    if re.fullmatch(r"[\d.]+", what): return float(what)
    if what == "best": return better(row[metric] for row in rows.values() if metric in row)
    if what in rows: return rows[what][metric]
    if what in card["metrics"]: return card["metrics"][what]
    return read_card(what)["metrics"][metric]


def check_monitor(card, bar):
    "Whether the health monitor of a GAN is silent, or has the finding that the bar names."
    if bar == "monitor silent": return not card["findings"], "it speaks"
    wanted = bar.removeprefix("monitor: ")
    return any(wanted in finding for finding in card["findings"]), "it doesn't say so"


def check_bar(card, bar):
    "Whether a bar holds, and the two numbers that were compared."
    if bar.startswith("monitor"): return check_monitor(card, bar)
    part = BAR.fullmatch(bar)
    metric, sign = part["metric"], part["sign"]
    ours = card["metrics"][metric]
    limit = limit_of(card, metric, part["what"], min if "<" in sign else max)
    limit = float(part["times"] or 1) * limit + float((part["add"] or "0").replace(" ", ""))
    kept = {"<": ours < limit, "<=": ours <= limit, ">": ours > limit, ">=": ours >= limit}[sign]
    numbers = [re.search(r"-?[\d.]+%?", formatted(metric, {metric: number}))[0] for number in (ours, limit)]
    return kept, " against ".join(numbers)


def bar_text(card, bar):
    "A bar with ✓, or with what it fell short of; as it is while there is no card."
    if not card: return f"`{bar}`"
    kept, numbers = check_bar(card, bar)
    return f"✓ `{bar}`" if kept else f"**✗** `{bar}`: {numbers}"


def best_baseline(card, one):
    "The best baseline by the first metric that is shown, or the one that the experiment names."
    metric = one["metric"].split(", ")[0]
    rows = {name: row for name, row in card["baselines"].items() if metric in row}
    if not rows: return "–"
    better = max if metric.startswith(LARGER_IS_BETTER) else min
    name = one.get("baseline") or better(rows, key=lambda name: rows[name][metric])
    return f"{formatted(one['metric'], rows[name])} (`{name}`)"


def read_their_way(card, one):
    "Our number, computed as theirs seems to have been; `read_as` names the metric and what to subtract."
    if "read_as" not in one: return "–"
    metric, shift = re.fullmatch(r"(\w+)( - [\d.]+)?", one["read_as"]).groups()
    return formatted(metric, {metric: card["metrics"][metric] + float((shift or "0").replace(" ", ""))})


def row(one):
    "One line of the table."
    lecture = HERE.parent / "nbs" / f"{one['chapter']}.ipynb"
    chapter = one["chapter"].split("_")[0]
    where = f"[{chapter}]({lecture.name})" if lecture.exists() else chapter
    name = f"{where} {one['what']}" + (f", `{one['model']}`" if "model" in one else "")
    printed = one.get("printed", "–")
    if "shown" in one: return f"| {name} | {printed} | – | {one['shown']} | – | – |"
    card = read_card(one["model"])
    bars = "; ".join(bar_text(card, bar) for bar in one["bars"]) or "–"
    if not card: return f"| {name} | {printed} | – | in preparation | – | {bars} |"
    ours = formatted(one["metric"], card["metrics"])
    return f"| {name} | {printed} | {read_their_way(card, one)} | {ours} | {best_baseline(card, one)} | {bars} |"


def table():
    "The whole table as Markdown; links start in nbs/."
    lines, held = [], []
    for group in experiments():
        lines.append(f"| **{group['name']}** | | | | | |")
        for one in group["experiment"]:
            lines.append(row(one))
            card = read_card(one.get("model", "none"))
            if card: held += [check_bar(card, bar)[0] for bar in one["bars"]]
    return "\n".join([*HEAD, *lines, "", f"{sum(held)} of {len(held)} bars hold."])


if __name__ == "__main__": print(table())
