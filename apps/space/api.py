"""The same work for other programs, by name: `gradio_client.Client(url).predict(..., api_name="/denoise")`."""
import functools

import gradio as gr

import doors
import work
from tasks import TASKS, models_at_hand
from recon.data import Picture, ReconError


def report(result) -> dict:
    "Numbers and notes of a result, as plain values."
    return {"model": result.job.model, "seconds": round(result.seconds, 4), "classical": result.rival or None, "classical_seconds": round(result.rival_seconds, 4),
            "damage": result.job.spec or None, "metrics": result.metrics, "notes": result.notes}


def answer(task, picture, model, way, model_dir, damage="", seed=0, layer=None, places=""):
    "The files of both repairs and the report."
    try:
        model = model or models_at_hand(model_dir)[task][0]
        result = work.solve(work.prepare(picture, task, model, way, damage, seed, layer, places, model_dir))
        other = None if result.classical is None else doors.download(Picture(result.classical, format=result.ours.format, name="classical.png"))
        return doors.download(result.ours), other, report(result)
    except ReconError as e: raise gr.Error(str(e), print_exception=False) from e


def _damage(task, name):
    "The way to begin, and a damage that exists."
    if not name: return "own"
    if name not in (TASKS[task].damages or {}): raise gr.Error(f"There is no damage '{name}'; use one of {', '.join(TASKS[task].damages)}.", print_exception=False)
    return "add"


def functions(model_dir):
    "What other programs may call, by task."
    ask = functools.partial(answer, model_dir=model_dir)

    def marked(task, picture, mask, corners, damage, seed, model):
        way = "add" if damage and _damage(task, damage) else "brush" if mask else "rectangle" if corners else "find" if task == "artifact" else "brush"
        if way == "find" and not model: model = work.first_finder(model_dir)
        return ask(task, picture, model, way, damage=damage, seed=seed, layer=mask, places=corners)

    def denoise(picture, damage="", seed=0, model=""):
        """Take the noise out of a picture. `damage`: a noise to add first, e.g. `Strong noise`, so that the result can be measured; empty: none.
        `model`: empty for the best one. Gives the repaired file in its own size and format, the best classical method's, and a report."""
        return ask("denoise", picture, model, _damage("denoise", damage), damage=damage, seed=seed)

    def remove_artifact(picture, mask=None, corners="", damage="", seed=0, model=""):
        """Remove what covers a picture. `mask`: a picture of the same shape, white (or opaque, where it has transparency) where pixels should be replaced;
        `corners`: two lines `x,y` instead; neither: the model looks for the artifact itself. `damage`: one to add first, e.g. `Thin scratches`."""
        return marked("artifact", picture, mask, corners, damage, seed, model)

    def fill_hole(picture, mask=None, corners="", damage="", seed=0, model=""):
        """Draw what is missing. `mask`, `corners` and `damage` as in `/remove_artifact`; one of them is needed."""
        return marked("hole", picture, mask, corners, damage, seed, model)

    def enlarge(picture, damage="", seed=0, model=""):
        """Enlarge a picture, usually four times a side. `damage`: `Fewer pixels` shrinks it first, so that the result can be measured."""
        return ask("enlarge", picture, model, _damage("enlarge", damage), damage=damage, seed=seed)

    def colorize(picture, hints="", model=""):
        """Colours for a picture, of which only the lightness is used. `hints`: lines `x,y,colour` in pixels, like `120,80,#c03020`."""
        return ask("colorize", picture, model, "own", places=hints)

    def translate(picture, model=""):
        """Turn a picture into one of the other kind that the model knows."""
        return ask("translate", picture, model, "own")

    return {"denoise": denoise, "artifact": remove_artifact, "hole": fill_hole, "enlarge": enlarge, "colorize": colorize, "translate": translate}


def register(hand, model_dir):
    "Give every task at hand a name that programs can call, and list who can do what."
    def tasks() -> dict:
        """Which tasks there are, their models, best first, and the damages that `damage` may name."""
        return {name: {"models": hand[task], "damages": list(TASKS[task].damages or [])} for task, name in names.items()}

    made = functions(model_dir)
    names = {task: made[task].__name__ for task in hand}
    gr.api(tasks, api_name="tasks")
    with gr.Row(visible=False):
        files = [gr.File(label="repaired"), gr.File(label="classical"), gr.JSON(label="report")]
        box = {"picture": doors.upload(label="picture", elem_id="api-picture"), "mask": doors.upload(label="mask", elem_id="api-mask"), "corners": gr.Textbox("", label="corners", max_length=200),
               "hints": gr.Textbox("", label="hints", max_length=4000), "damage": gr.Textbox("", label="damage", max_length=100),
               "seed": gr.Number(0, label="seed", precision=0, minimum=0, maximum=2**31), "model": gr.Textbox("", label="model", max_length=200)}
        for task, name in names.items():
            inputs = [box[p] for p in made[task].__code__.co_varnames[:made[task].__code__.co_argcount]]
            gr.Button(visible=False).click(made[task], inputs, files, api_name=name, api_description=made[task].__doc__, concurrency_id="work", concurrency_limit=2)
