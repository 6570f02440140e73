"""Where images come in and go out: no file of a client is opened by anything but `read_picture`, and none is kept."""
import re
import secrets
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from recon.images import PictureError, save_picture

SUFFIX = {"JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "BMP": ".bmp", "TIFF": ".tif"}


def _no_addresses(box):
    "Refuse addresses on the network, which Gradio would fetch for a client."
    keep = box.async_move_resource_to_block_cache

    async def move(path):
        if path is not None and "://" in str(path): raise gr.Error("Send the image itself, not an address.", print_exception=False)
        return await keep(path)

    box.async_move_resource_to_block_cache = move
    return box


def upload(value=None, label="Your image", elem_id="picture"):
    "An upload that hands over the file as it is, so that `read_picture` can say what is wrong with it."
    box = gr.Image(label=label, value=value, format="png", sources=["upload", "clipboard"], height=250, elem_id=elem_id, buttons=[])
    box.preprocess = lambda payload: payload.path if payload else None
    return _no_addresses(box)


class Few(dict):
    "A dictionary that forgets its oldest entry: drawings that nobody sends off must not fill the memory."

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        while len(self) > 32: del self[next(iter(self))]


def canvas():
    "An image to brush over; hands over the brushed layer as the file or the bytes that the browser sent."
    brush = gr.Brush(default_size=18, colors=["#ff6a00"], default_color="#ff6a00", color_mode="fixed")
    box = gr.ImageEditor(label="Brush over what should go", type="filepath", image_mode="RGBA", format="png", sources=(), transforms=(), layers=False,
                         height=400, canvas_size=(720, 480), brush=brush, elem_id="canvas", buttons=[])
    box.blob_storage = Few()

    def layer(payload):
        if payload is None: return None
        found = box.blob_storage.pop(payload.id, None) if payload.id else payload
        first = found.layers[0] if found and found.layers else None
        return first.path if hasattr(first, "path") else first

    box.preprocess = layer
    return _no_addresses(box)


def sheet(picture):
    "An image under the brush."
    return {"background": picture, "layers": [], "composite": None}


def download(picture) -> str:
    "The result as a file in the format of the upload, in a folder with a name that nobody can guess; Gradio deletes it in time."
    suffix = SUFFIX.get(picture.format, ".png")
    stem = re.sub(r"[^\w-]+", "-", Path(picture.name).stem)[:60].strip("-") or "picture"
    folder = Path(get_upload_folder()) / secrets.token_hex(16)
    folder.mkdir(parents=True)
    try: return str(save_picture(picture, folder / f"{stem}-repaired{suffix}"))
    except PictureError: return str(save_picture(picture, folder / f"{stem}-repaired.png"))  # too long for its format
