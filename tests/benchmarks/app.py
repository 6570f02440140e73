"""How long the app takes: `python tests/benchmarks/app.py [--start] [--side 1000] [--model-dir FOLDER]`.

For every task: the network and the best baseline on an image of that side (tasks that enlarge get a quarter), after a first
run that loads both. With `--start`: from a new process to the page, and from there to the first result.
"""
import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_app():
    "The app's module."
    spec = importlib.util.spec_from_file_location("space_app", ROOT / "apps" / "space" / "app.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def picture(side, folder):
    "A photograph of that side."
    from PIL import Image

    from recon.data import load_data
    from recon.images import to_pil

    path = Path(folder) / f"{side}.png"
    to_pil(load_data("photos-tiny", "test")[0]).resize((side, side), Image.Resampling.BICUBIC).save(path)
    return path


def latency(app, task, side, folder, model_dir):
    "A row: the task, its best model, seconds of the network, the baseline, its seconds."
    model = app.models_at_hand(model_dir)[task][0]
    way = "add" if app.TASKS[task].added and task != "enlarge" else "own"
    corruption = next(iter(app.TASKS[task].corruptions or [""]))
    ask = lambda n: app.work.solve(app.work.prepare(picture(n, folder), task, model, way, corruption, model_dir=model_dir))
    ask(48)
    done = ask(side // 4 if task == "enlarge" else side)
    return task, model, "{1} x {0}".format(*done.ours.size), f"{done.seconds:.2f} s", done.rival, f"{done.rival_seconds:.2f} s"


def start():
    "Seconds, and seconds of work, from nothing to the page, to the first restored image, and to all that is said about it."
    code = ("import time, sys, json; t = time.time(), time.process_time(); sys.path[:0] = ['tests/benchmarks']; from app import load_app\n"
            "app = load_app(); app.build_demo(); page = time.time(), time.process_time(); task, models = next(iter(app.models_at_hand().items()))\n"
            "job = app.work.prepare(sys.argv[1], task, models[0], 'add', next(iter(app.TASKS[task].corruptions)))\n"
            "answer = app.work.restore(job); first = time.time(), time.process_time(); app.work.solve(job, answer)\n"
            "print(json.dumps([v[i] - t[i] for v in (page, first, (time.time(), time.process_time())) for i in (0, 1)]))")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([sys.executable, "-c", code, str(picture(512, folder))], cwd=ROOT, capture_output=True, text=True, check=True)
    page, page_work, first, first_work, all_, all_work = json.loads(done.stdout.splitlines()[-1])
    print(f"cold start: page {page:.1f} s ({page_work:.1f} s of work), restored {first:.1f} s ({first_work:.1f} s), compared {all_:.1f} s ({all_work:.1f} s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--model-dir")
    options = parser.parse_args()
    if options.start: return start()
    app = load_app()
    with tempfile.TemporaryDirectory() as folder:
        print("task        network                 result         network     baseline")
        for task in app.models_at_hand(options.model_dir):
            task, model, size, ours, kind, theirs = latency(app, task, options.side, folder, options.model_dir)
            print(f"{task:11} {model:23} {size:14} {ours:>8}    {kind}, {theirs}", flush=True)


if __name__ == "__main__": main()
