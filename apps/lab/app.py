"""Where the lab begins: run by `recon lab`, or by `streamlit run app.py` in this folder."""
if __name__ == "__main__":  # a script has no package; `load_app` imports this file again as a part of one
    from recon.cli import load_app

    load_app("lab").run()
else:
    from .navigation import run  # noqa: F401
