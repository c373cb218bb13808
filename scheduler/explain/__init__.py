"""Why not everybody can be placed: minimal sets of clashing facts, with repairs that were tried.

`explain` is the only door; the types of its answer are in ``scheduler.explain.explanation``.
"""

from scheduler.explain.run import explain

__all__ = ["explain"]
