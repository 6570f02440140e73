"""Make the notebooks of the course from the instructor's sources: `python course/exercises/make.py`.

A source is a Python file in the percent format, which Jupyter (with jupytext), VS Code and PyCharm open as a notebook.
`source/10_dense_autoencoder.py` becomes

- `10_dense_autoencoder.ipynb`, the student's notebook: the solutions are left out,
- `checks/10_dense_autoencoder.py`, the checks that the student may run,
- `solutions/10_dense_autoencoder.ipynb`, the instructor's: solutions, hidden checks, typical mistakes.

The kinds of cells, by their first line:

    # %% [markdown]                  text
    # %%                             code that is given
    # %% answer 10.3 (2 points)      code with a solution in it
    # %% check 10.3                  `def check(name): …`, asserts with a message; gets the answer's `name`
    # %% hidden 10.3                 `def hidden(name): …`, only for grading
    # %% wrong 10.3: the waist       a typical wrong answer, and a part of the message that it must get
    # %% for checks                  imports and helpers of the checks

In an answer, `name = value  ### SOLUTION` becomes `name = ...`, and what stands between `### BEGIN SOLUTION` and
`### END SOLUTION` becomes `...`, or, after `### STUDENT`, the lines that begin with `#:` (a program with a bug).
"""
import json
import re
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
NOTEBOOKS = HERE.parents[1] / "nbs"
HEAD = re.compile(
    r" *(?P<kind>\[markdown\]|answer|check|hidden|wrong|for checks)? *(?P<task>\d\d\.\d+)?"
    r"(?: \((?P<points>\d+) points?\))?(?:: *(?P<note>.+))?$")
START = """Lecture: [{lecture}]({up}../../nbs/{lecture}.ipynb). Replace each `...`, run the cell, then the check
below it: ✓ means done, everything else is a hint. Nothing here needs a GPU or the network."""
COLAB_URL = "https://colab.research.google.com/github/recon-course/recon/blob/main"
LINK = f"\n\n[Open in Colab]({COLAB_URL}/course/exercises/{{stem}}.ipynb)"
COLAB = """import os
import subprocess
import sys

if "google.colab" in sys.modules:  # there, fetch the course and its library; elsewhere do nothing
    if not os.path.exists("/content/recon"):
        fetch = "git clone -q --depth 1 https://github.com/recon-course/recon /content/recon"
        subprocess.run(f"{fetch} && pip install -q -e /content/recon", shell=True, check=True)
    sys.path[:0] = ["/content/recon", "/content/recon/course/exercises"]
    os.chdir("/content/recon/course/exercises")

"""
PARENT = 'import sys\n\nsys.path.append("..")\n'


@dataclass(frozen=True)
class Cell:
    "A cell of a source."
    kind: str    # `text`, `code`, `answer`, `check`, `hidden`, `wrong` or `for checks`
    text: str
    task: str    # its number, e.g. `10.3`
    points: int  # what a right answer is worth
    note: str    # a part of the message that a wrong answer gets


@dataclass(frozen=True)
class Task:
    "All that belongs to one task."
    answer: Cell
    check: Cell
    hidden: Cell
    wrong: tuple[Cell, ...]


def read(stem):
    "The cells of a source."
    found = []
    for part in re.split(r"^# %%", (HERE / "source" / f"{stem}.py").read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, text = part.partition("\n")
        match = HEAD.match(head)
        if not match: raise ValueError(f"{stem}: '# %%{head}' is no kind of cell.")
        kind = {None: "code", "[markdown]": "text"}.get(match["kind"], match["kind"])
        if kind == "text": text = re.sub(r"^# ?", "", text, flags=re.M)
        found.append(Cell(kind, text.strip(), match["task"] or "", int(match["points"] or 1), match["note"] or ""))
    return found


def tasks(cells):
    "The tasks among the cells, by number."
    numbers = [c.task for c in cells if c.kind == "answer"]
    if len(set(numbers)) < len(numbers): raise ValueError(f"A task's number stands twice among {numbers}.")

    def of(kind, number): return tuple(c for c in cells if (c.kind, c.task) == (kind, number))

    found = {}
    for n in numbers:
        (answer,), (check,), (hidden,) = of("answer", n), of("check", n), of("hidden", n)
        found[n] = Task(answer, check, hidden, of("wrong", n))
    return found


def student(text):
    "An answer without its solution."
    given, blank = [], None
    for line in text.splitlines():
        mark = line.strip()
        if mark == "### BEGIN SOLUTION": blank, hints = [line.replace(mark, "...")], False
        elif mark == "### STUDENT": blank, hints = [], True
        elif mark == "### END SOLUTION": given, blank = given + blank, None
        elif blank is None: given.append(re.sub(r"= .*  ### SOLUTION$", "= ...", line))
        elif hints: blank.append(re.sub("#: ?", "", line, count=1))
    return "\n".join(given)


def solution(text):
    "An answer with its solution, without the marks."
    lines = [re.sub("  ### SOLUTION$", "", line) for line in text.splitlines()]
    return "\n".join(line for line in lines if not line.strip().startswith(("### ", "#:")))


def names(check):
    "The names that a check asks for."
    return re.search(r"^def \w+\((.*?)\):", check.text, re.M)[1].replace(" ", "").split(",")


def checks(stem, cells):
    "The module of the checks that students may run."
    parts = [f'"""The checks of {stem}. Made by make.py; change source/{stem}.py."""']
    parts += [c.text for c in cells if c.kind == "for checks"]
    for number, task in tasks(cells).items():
        parts.append(task.check.text.replace("def check(", f"def check_{number.replace('.', '_')}(", 1))
    return "\n\n\n".join(parts) + "\n"


def lecture(stem):
    "The lecture of an exercise: the notebook with the same number and name, perhaps with a letter behind the number."
    return next(NOTEBOOKS.glob(f"{stem[:2]}*{stem[2:]}.ipynb")).stem


def notebook(stem, cells, solved=False):
    "The student's or the instructor's notebook, as JSON."
    made, every = [], tasks(cells)

    def add(kind, text):
        cell = {"cell_type": kind, "id": f"{stem[:2]}-{len(made)}", "metadata": {}}
        cell["source"] = text.splitlines(keepends=True)
        if kind == "code": cell |= {"execution_count": None, "outputs": []}
        made.append(cell)

    for cell in cells:
        if cell.kind in ("text", "code"): add({"text": "markdown"}.get(cell.kind, "code"), cell.text)
        if len(made) == 1:
            start = START if solved else START + LINK
            add("markdown", start.format(stem=stem, lecture=lecture(stem), up="../" * solved))
            add("code", (PARENT if solved else COLAB) + "from check import check")
        if cell.kind != "answer": continue
        add("code", (solution if solved else student)(cell.text))
        task = every[cell.task]
        add("code", f'check("{cell.task}", {", ".join(names(task.check))})')
        if solved: add("markdown", _behind(cell.task, task))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    whole = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, ensure_ascii=False, indent=1) + "\n"


def _behind(number, task):
    "What only instructors see."
    fence = lambda text: f"```python\n{text}\n```"
    wrong = [f"Gets “…{w.note}…”:\n\n{fence(w.text)}" for w in task.wrong]
    points = f"{task.answer.points} point{'s' * (task.answer.points > 1)}"
    head = f"*{number}: {points}. The hidden check, and typical mistakes:*"
    return "\n\n".join([head, fence(task.hidden.text), *wrong])


def stems(): return sorted(p.stem for p in (HERE / "source").glob("*.py"))


def products(stem):
    "What is made from a source: texts by path."
    cells = read(stem)
    return {HERE / f"{stem}.ipynb": notebook(stem, cells), HERE / "checks" / f"{stem}.py": checks(stem, cells),
            HERE / "solutions" / f"{stem}.ipynb": notebook(stem, cells, solved=True)}


if __name__ == "__main__":
    for stem in stems():
        for path, text in products(stem).items():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        print(f"{stem}: {len(tasks(read(stem)))} tasks")
