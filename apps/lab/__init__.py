"""See how the models of recon learned, and how they fail; `recon.cli.load_app("lab")` loads it."""
