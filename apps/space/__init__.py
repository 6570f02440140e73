"""Restore an image in a browser with the trained models of recon; `recon.cli.load_app("space")` loads it."""
