"""Makes the Python parts of tools/ importable for the tests here."""

import importlib.machinery
import importlib.util
import pathlib
import sys

sys.dont_write_bytecode = True
TOOLS = pathlib.Path(__file__).resolve().parents[2] / "tools"
sys.path.insert(0, str(TOOLS / "lib"))


def load_script(name):
    """Imports a script that has no .py ending, without running its main."""
    loader = importlib.machinery.SourceFileLoader(name.replace("-", "_"), str(TOOLS / name))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module
