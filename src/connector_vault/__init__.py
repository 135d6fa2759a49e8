"""Keep people's tokens sealed and alive, and let agents act without holding one."""

from pathlib import Path

# A wheel holds connectors/ in this package; a checkout keeps it beside src/.
if Path(__file__).parents[1].name == "src":
    __path__.append(str(Path(__file__).parents[2]))
