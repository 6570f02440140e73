"""Grade students' notebooks: `python course/exercises/grade.py someone/10_dense_autoencoder.ipynb …`.

Runs each notebook's code in a process of its own (only grade what you would run), then the visible and the hidden
checks of every task. A task is worth its points when both pass. Prints a table; the exit code is 0 when every notebook
has all points, 1 when points are missing, 2 when a notebook can't be graded.
"""
import argparse
import contextlib
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

from check import EMPTY, verdict
from make import HERE, names, read, stems, tasks

LIMIT = 600  # seconds for a notebook


def code(path):
    "The code cells of a notebook, without what only Jupyter understands."
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [re.sub(r"^\s*[%!].*$", "", "".join(c["source"]), flags=re.M) for c in found if c["cell_type"] == "code"]


def run(path):
    "What a notebook's names are bound to at its end; a cell that fails doesn't stop the others."
    space = {"__name__": "__main__"}
    for cell in code(path):
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(Exception):
            exec(compile(cell, path.name, "exec"), space)
    return space


def functions(cells):
    "The visible and the hidden check of each task."
    found = {}
    for number, task in tasks(cells).items():
        space = {}
        exec("\n".join([*(c.text for c in cells if c.kind == "for checks"), task.check.text, task.hidden.text]), space)
        found[number] = space["check"], space["hidden"]
    return found


def grade(path):
    "Print the table of one notebook; 0 when it has all points, 1 when some are missing, 2 for no exercise."
    stem = next((s for s in stems() if s in path.stem), None)
    if stem is None or not path.is_file():
        print(f"'{path}' is no notebook of the exercises {', '.join(stems())}; "
              "their names must be part of the files' names.")
        return 2
    cells = read(stem)
    space, earned, total = run(path), 0, 0
    print(f"{path}")
    for (number, task), pair in zip(tasks(cells).items(), functions(cells).values()):
        answers = [space.get(name) for name in names(task.check)]
        hints = [verdict(test, *answers) for test in pair]
        points = 0 if any(hints) else task.answer.points
        earned, total = earned + points, total + task.answer.points
        remarks = [f"{kind}: {hint}" for kind, hint in zip(("visible", "hidden"), hints) if hint]
        remark = "nothing there" if EMPTY in hints else "".join(remarks[:1])
        print(f"  {number:6}{points} of {task.answer.points}   {remark}")
    print(f"  all   {earned} of {total}")
    return int(earned < total)


def main():
    "Grade each notebook in a process of its own."
    parser = argparse.ArgumentParser(description="Grade students' notebooks.")
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.here: sys.exit(grade(args.notebooks[0]))
    worst = 0
    for path in args.notebooks:
        paths = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "MPLBACKEND": "Agg", "PYTHONUTF8": "1", "PYTHONPATH": paths}
        command = [sys.executable, __file__, "--here", path.resolve()]
        try:
            worst = max(worst, subprocess.run(command, env=environment, timeout=LIMIT, cwd=HERE).returncode)
        except subprocess.TimeoutExpired:
            print(f"{path}: not finished after {LIMIT} seconds")
            worst = 2
    sys.exit(min(worst, 2))


if __name__ == "__main__": main()
