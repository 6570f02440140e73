"""The replication table: it is complete, it is the README's, and what it quotes stands in the lectures."""
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "course"))
from replication import BAR, FORMATS, experiments, read_card, row, table  # noqa: E402

EVERY = [one for group in experiments() for one in group["experiment"]]


def test_readme_has_the_table_of_the_cards():
    wanted = re.sub(r"\]\((?=\d)", "](nbs/", table())
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert wanted in readme, "run nbs/index.ipynb, then python tests/readme.py"


def test_no_model_and_no_experiment_is_missing():
    shipped = {path.parent.name for path in (ROOT / "recon" / "checkpoints").glob("*/card.json")}
    assert shipped <= {one.get("model") for one in EVERY}, "every trained model stands in the table"
    documents = (ROOT / "course" / "syllabus.md").read_text(encoding="utf-8").split("## The five source documents")[1]
    for chapter in re.findall(r"\(\.\./nbs/(1\d[a-z]*_\w+)\.ipynb\)", documents):
        assert any(one["chapter"] == chapter for one in EVERY), chapter


@pytest.mark.parametrize("one", [one for one in EVERY if "shown" in one], ids=lambda one: one["what"])
def test_what_is_quoted_stands_in_the_lecture(one):
    lecture = (ROOT / "nbs" / f"{one['chapter']}.ipynb").read_text(encoding="utf-8")
    for text in one["proof"]: assert text in lecture, f"{one['what']}: {one['chapter']} doesn't say '{text}' (any more)"


def test_a_model_in_preparation_fills_its_row_by_itself(monkeypatch):
    import replication
    one = next(one for one in EVERY if one.get("model") == "colorizer-faces")
    monkeypatch.setattr(replication, "read_card", lambda model: None)
    assert "in preparation" in row(one) and "✓" not in row(one)
    found = {"metrics": {"delta_e": 7.0, "colourfulness_ratio": 0.5},
             "baselines": {"grey": {"delta_e": 9.0}, "mean_colour": {"delta_e": 8.0}}}
    monkeypatch.setattr(replication, "read_card", lambda model: found)
    assert "ΔE 7.00 | ΔE 8.00 (`mean_colour`)" in row(one) and "✓ `delta_e < best`" in row(one)
    assert "**✗** `colourfulness_ratio >= 0.6`: 0.50 against 0.60" in row(one)


def test_bars_can_be_read():
    for one in EVERY:
        assert one.get("shown") or set(one["metric"].split(", ")) <= set(FORMATS), one["what"]
        for bar in one.get("bars", []):
            if bar.startswith("monitor"): continue
            metric = BAR.fullmatch(bar)["metric"]
            card = read_card(one["model"])
            assert metric in FORMATS and (card is None or metric in card["metrics"]), f"{one['what']}: {bar}"
