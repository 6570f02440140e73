"""How long the app takes: `python tests/benchmarks/app.py [--start] [--side 1000] [--model-dir FOLDER]`.

For every task: the network and the best baseline on an image of that side (tasks that enlarge get a quarter), after a
first run that loads both. With `--start`: from a new process to the page, and from there to the first result.
"""
import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def load_space():
    "The app's package."
    from recon.cli import load_app

    load_app("space")
    return sys.modules["recon_space"]


def save_photo(side, folder):
    "The path of a photograph with that side."
    from PIL import Image

    from recon.data import load_data
    from recon.images import to_pil

    path = Path(folder) / f"{side}.png"
    to_pil(load_data("photos-tiny", "test")[0]).resize((side, side), Image.Resampling.BICUBIC).save(path)
    return path


def latency(app, task, side, folder, model_dir):
    "A row: the task, its best model, the size, seconds of the network, the baseline, its seconds."
    model = app.tasks.available_models(model_dir)[task][0]
    corruptions = list(app.tasks.TASKS[task].corruptions) if task != "super_resolve" else []

    def solve(side):
        path = save_photo(side, folder)
        mode, corruption = ("corrupt", corruptions[0]) if corruptions else ("as_it_is", "")
        return app.inference.solve(app.inference.prepare(path, task, model, mode, corruption, model_dir=model_dir))

    solve(48)
    done = solve(side // 4 if task == "super_resolve" else side)
    height, width = done.restored.size
    baseline = f"{done.baseline or '–'}, {done.baseline_seconds:.2f} s"
    return task, model, f"{width} x {height}", f"{done.seconds:.2f} s", baseline


def measure_start(path):
    "In a new process: print seconds, and seconds of work, until the page, the first result, and the comparison."
    began = time.time(), time.process_time()
    passed = []

    def note(): passed.extend([time.time() - began[0], time.process_time() - began[1]])

    app = load_space()
    app.page.build_demo()
    note()
    task, models = next(iter(app.tasks.available_models().items()))
    corruption = next(iter(app.tasks.TASKS[task].corruptions))
    job = app.inference.prepare(path, task, models[0], "corrupt", corruption)
    restored = app.inference.restore(job)
    note()
    app.inference.complete(job, restored)
    note()
    print(json.dumps(passed))


def start():
    "Print how long a start takes."
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, "--measure-start", str(save_photo(512, folder))]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    numbers = json.loads(done.stdout.splitlines()[-1])
    parts = [f"{name} {numbers[2 * i]:.1f} s ({numbers[2 * i + 1]:.1f} s of work)"
             for i, name in enumerate(("page", "restored", "compared"))]
    print(f"cold start: {', '.join(parts)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--start", action="store_true")
    parser.add_argument("--measure-start", help=argparse.SUPPRESS)
    parser.add_argument("--side", type=int, default=1000)
    parser.add_argument("--model-dir")
    options = parser.parse_args()
    if options.measure_start: return measure_start(options.measure_start)
    if options.start: return start()
    app = load_space()
    with tempfile.TemporaryDirectory() as folder:
        print("task             network                 result         network     baseline")
        for task in app.tasks.available_models(options.model_dir):
            row = latency(app, task, options.side, folder, options.model_dir)
            print("{:16} {:23} {:14} {:>8}    {}".format(*row), flush=True)


if __name__ == "__main__": main()
