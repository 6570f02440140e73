"""The same work for other programs, by name: `gradio_client.Client(url).predict(..., api_name="/denoise")`."""
import inspect

import gradio as gr

import doors
import work
from tasks import TASKS, models_at_hand
from recon.core import ReconError


def report(result) -> dict:
    "Numbers and notes of a result, as plain values."
    return {"model": result.job.model, "seconds": round(result.seconds, 4), "classical": result.rival or None,
            "classical_seconds": round(result.rival_seconds, 4), "damage": result.job.spec or None, "metrics": result.metrics, "notes": result.notes}


class Api:
    "What other programs may call; the docstrings are what they are shown."

    def __init__(self, model_dir=None): self.model_dir, self.hand = model_dir, models_at_hand(model_dir)

    def answer(self, task, picture, model, way, corruption="", seed=0, layer=None, places=""):
        "The files of both restorations, and the report."
        try:
            job = work.prepare(picture, task, model or self.hand[task][0], way, corruption, seed, layer, places, self.model_dir)
            result = work.solve(job)
            other = result.classical and doors.download(result.classical)
            return doors.download(result.ours), other, report(result)
        except ReconError as e: raise gr.Error(str(e), print_exception=False) from e

    def corrupted(self, task, picture, model, corruption, seed):
        "The answer for an image that is corrupted first, if a corruption is named."
        if not corruption: return self.answer(task, picture, model, "own")
        return self.answer(task, picture, model, "add", corruption, seed)

    def marked(self, task, picture, mask, corners, corruption, seed, model):
        "The answer for an image of which some pixels are to be replaced."
        if corruption: return self.corrupted(task, picture, model, corruption, seed)
        if task == "artifact" and not mask and not corners:
            return self.answer(task, picture, model or work.first_finder(self.model_dir), "find")
        return self.answer(task, picture, model, "rectangle" if corners else "brush", layer=mask, places=corners)

    def denoise(self, picture, corruption="", seed=0, model=""):
        """Take the noise out of an image. `corruption`: a noise to add first, e.g. `Strong noise`, so that the result can be measured; empty:
        none. `model`: empty for the best one. Gives the restored file in its own size and format, the best baseline one, and a report."""
        return self.corrupted("denoise", picture, model, corruption, seed)

    def remove_artifact(self, picture, mask=None, corners="", corruption="", seed=0, model=""):
        """Remove what covers an image. `mask`: an image of the same shape, white (or opaque, where it has transparency) where pixels should
        be replaced; `corners`: two lines `x,y` instead; neither: the model looks for the artifact itself. `corruption`: one to add first."""
        return self.marked("artifact", picture, mask, corners, corruption, seed, model)

    def fill_hole(self, picture, mask=None, corners="", corruption="", seed=0, model=""):
        """Draw what is missing. `mask`, `corners` and `corruption` are as in `/remove_artifact`; one of them is needed."""
        return self.marked("hole", picture, mask, corners, corruption, seed, model)

    def enlarge(self, picture, corruption="", seed=0, model=""):
        """Enlarge an image, usually four times a side. `corruption`: `Fewer pixels` shrinks it first, so that the result can be measured."""
        return self.corrupted("enlarge", picture, model, corruption, seed)

    def colorize(self, picture, hints="", model=""):
        """Colours for an image, of which only the lightness is used. `hints`: lines `x,y,colour` in pixels, like `120,80,#c03020`."""
        return self.answer("colorize", picture, model, "own", places=hints)

    def translate(self, picture, model=""):
        """Turn an image into one of the other kind that the model knows. Where no baseline does that, the second file is missing."""
        return self.answer("translate", picture, model, "own")

    def tasks(self) -> dict:
        """Which tasks there are, their models, best first, and the corruptions that `corruption` may name."""
        return {NAMES[task]: {"models": models, "damages": list(TASKS[task].corruptions or [])} for task, models in self.hand.items()}


NAMES = {"artifact": "remove_artifact", "hole": "fill_hole", **{task: task for task in ("denoise", "enlarge", "colorize", "translate")}}


def register(model_dir):
    "Give every task at hand a name that programs can call."
    api = Api(model_dir)
    gr.api(api.tasks, api_name="tasks")
    with gr.Row(visible=False):
        files = [gr.File(label="repaired"), gr.File(label="classical"), gr.JSON(label="report")]
        text = {name: gr.Textbox("", label=name, max_length=length) for name, length in (("corners", 200), ("hints", 4000), ("damage", 100), ("model", 200))}
        box = {**text, "picture": doors.upload(label="picture", elem_id="api-picture"), "mask": doors.upload(label="mask", elem_id="api-mask"),
               "seed": gr.Number(0, label="seed", precision=0, minimum=0, maximum=2**31)}
        for task in api.hand:
            function = getattr(api, NAMES[task])
            inputs = [box[name] for name in inspect.signature(function).parameters]
            gr.Button(visible=False).click(function, inputs, files, api_name=NAMES[task], api_description=function.__doc__,
                                           concurrency_id="work", concurrency_limit=2)
