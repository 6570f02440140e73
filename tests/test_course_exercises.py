"""Every task of the course: its solution passes, an empty answer fails, and typical mistakes get their message."""
import contextlib
import io
import json
import subprocess
import sys
import time
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXERCISES = ROOT / "course" / "exercises"
sys.path.append(str(EXERCISES))

from check import EMPTY, verdict  # noqa: E402
from grade import functions  # noqa: E402
from make import checks, lecture, names, notebook, products, read, solution, stems, student, tasks  # noqa: E402

TASKS = [(stem, number) for stem in stems() for number in tasks(read(stem))]


def attempt(text, space, wanted, tests):
    "What the checks say of an answer, given everything that stands above it."
    space = dict(space)
    try: exec(compile(text, "answer", "exec"), space)
    except Exception as e: return [f"It stopped with {type(e).__name__}: {e}"] * len(tests)
    return [verdict(test, *(space.get(name) for name in wanted)) for test in tests]


@lru_cache(maxsize=None)
def worked_through(stem):
    "Run a notebook with every task in all its versions; return the verdicts and the seconds that the solutions took."
    import matplotlib
    import torch

    matplotlib.use("Agg")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try: return _work_through(stem)
    finally: torch.set_num_threads(threads)


def _work_through(stem):
    cells, space, said, seconds = read(stem), {"__name__": "__main__"}, {}, 0.0
    pairs, every = functions(cells), tasks(cells)
    with contextlib.redirect_stdout(io.StringIO()):
        for cell in cells:
            if cell.kind not in ("code", "answer"): continue
            if cell.kind == "answer":
                wanted, visible = names(every[cell.task].check), pairs[cell.task][:1]
                wrong = [attempt(w.text, space, wanted, visible)[0] for w in every[cell.task].wrong]
                said[cell.task] = {"empty": attempt(student(cell.text), space, wanted, visible)[0], "wrong": wrong}
            start = time.process_time()
            exec(compile(solution(cell.text) if cell.kind == "answer" else cell.text, stem, "exec"), space)
            if cell.kind == "answer":
                answers = [space.get(name) for name in wanted]
                said[cell.task]["right"] = [verdict(test, *answers) for test in pairs[cell.task]]
            seconds += time.process_time() - start
            if "matplotlib.pyplot" in sys.modules: sys.modules["matplotlib.pyplot"].close("all")
    return said, seconds


@pytest.mark.parametrize("stem", stems())
def test_exercise_belongs_to_a_lecture_and_is_in_sync(stem):
    assert (ROOT / "nbs" / f"{lecture(stem)}.ipynb").exists(), "an exercise has the number and name of its lecture"
    assert 8 <= len(tasks(read(stem))) <= 12
    for path, text in products(stem).items():
        assert path.exists() and path.read_text(encoding="utf-8") == text, f"run make.py: {path.name}"


@pytest.mark.parametrize("stem", stems())
def test_exercise_is_short_on_time(stem):
    assert worked_through(stem)[1] < 180


@pytest.mark.parametrize("stem,number", TASKS)
def test_solution_passes(stem, number): assert worked_through(stem)[0][number]["right"] == ["", ""]


@pytest.mark.parametrize("stem,number", TASKS)
def test_student_version_fails(stem, number): assert worked_through(stem)[0][number]["empty"]


@pytest.mark.parametrize("stem,number", TASKS)
def test_typical_mistakes_get_their_message(stem, number):
    wrong = tasks(read(stem))[number].wrong
    assert len(wrong) >= 2 and len({w.note for w in wrong}) == len(wrong) and all(w.note for w in wrong)
    for w, message in zip(wrong, worked_through(stem)[0][number]["wrong"]):
        assert w.note in message, f"{number}: {message!r}"


@pytest.mark.parametrize("stem", stems())
def test_students_see_no_solution(stem):
    cells = read(stem)
    code = ["".join(c["source"]) for c in json.loads(notebook(stem, cells))["cells"] if c["cell_type"] == "code"]
    given, lines = "\n".join([*code, checks(stem, cells)]), {line for text in code for line in text.splitlines()}
    assert "SOLUTION" not in given and "#:" not in given and "def hidden" not in given
    for number, task in tasks(cells).items():
        kept = student(task.answer.text).splitlines()
        for line in solution(task.answer.text).splitlines():
            if line not in kept and len(line.strip()) > 12: assert line not in lines, f"{number}: {line}"
        for w in task.wrong: assert w.text not in given


def test_every_exercise_that_a_lecture_promises_is_there():
    for path in (ROOT / "nbs").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        for stem in {w.split(".ipynb")[0] for w in text.split("course/exercises/")[1:]}:
            assert (EXERCISES / f"{stem}.ipynb").exists(), f"{path.stem} promises {stem}"


def test_check_prints_a_mark_or_a_hint(capsys):
    from check import check

    check("10.1", ...)
    check("10.1", 222_384)
    assert capsys.readouterr().out.splitlines() == [f"… 10.1: {EMPTY}", "✓ 10.1"]


def test_grading_counts_the_points(tmp_path):
    cells = read("10_dense_autoencoder")
    handed_in = []
    for name, solved in (("solved", True), ("empty", False)):
        (tmp_path / name).mkdir()
        handed_in.append(tmp_path / name / "10_dense_autoencoder.ipynb")
        handed_in[-1].write_text(notebook("10_dense_autoencoder", cells, solved), encoding="utf-8")

    def grade(*which):
        command = [sys.executable, EXERCISES / "grade.py", *which]
        return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")

    total = sum(t.answer.points for t in tasks(cells).values())
    done = grade(*handed_in)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"all   {total} of {total}" in done.stdout and f"all   0 of {total}" in done.stdout
    assert grade(tmp_path / "homework.ipynb").returncode == 2


def test_notebooks_run_in_jupyter():
    "The first task as a new user meets it: in a kernel, in its folder, with a check mark."
    import nbformat
    from nbclient import NotebookClient

    for solved, mark in ((True, "✓ 01.1"), (False, "… 01.1")):
        nb = nbformat.reads(notebook("01_corruptions", read("01_corruptions"), solved), as_version=4)
        nb.cells = [c for c in nb.cells[:12] if c.cell_type == "code"]
        folder = {"metadata": {"path": EXERCISES / ("solutions" if solved else ".")}}
        NotebookClient(nb, timeout=300, allow_errors=not solved, resources=folder).execute()
        assert mark in json.dumps(nb.cells, ensure_ascii=False)
