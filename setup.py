"""Packaging: every name and requirement comes from settings.ini."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).parent
config = ConfigParser(delimiters=["="])
config.read(here / "settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]
onnx = cfg["onnx_requirements"].split()

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(here / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=cfg["keywords"].split(),
    python_requires=f">={cfg['min_python']}",
    packages=find_packages(include=["recon", "recon.*"]) + ["recon.space", "recon.lab"],
    package_dir={"recon.space": "apps/space", "recon.lab": "apps/lab"},
    package_data={"recon": ["checkpoints/*/*"], "recon.space": ["*"], "recon.lab": ["*", ".streamlit/*"]},
    install_requires=cfg["requirements"].split(),
    extras_require={"dev": cfg["dev_requirements"].split() + onnx, "onnx": onnx},
    entry_points={"console_scripts": [cfg["console_scripts"]]},
    zip_safe=False,
)
