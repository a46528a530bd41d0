"""The illustrator in this house: menu pictures without a key, a model or a network.

renderer.py puts a picture together: chooser.py finds the scene by the words, foods/ lay it on a relief
(relief.py, shapes.py, vessels.py, props.py, lathe.py), light.py lights it, lettering.py sets the name.
"""

from jobs.engines.image.local.renderer import VERSION, LocalRenderer

__all__ = ["VERSION", "LocalRenderer"]
