"""Where the app begins: imported by `recon demo`, or run as a Hugging Face Space does, `python app.py`."""
import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # Gradio reads it while it is imported

if __name__ == "__main__":  # a script has no package; `load_app` imports this file again as a part of one
    from recon.cli import load_app

    host = "0.0.0.0" if os.environ.get("SPACE_ID") else "127.0.0.1"
    load_app("space").main(host=host, open_browser=False)
else:
    from .page import build_demo, main  # noqa: F401
