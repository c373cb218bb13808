"""Defence scheduling (答辩排期): instance → solve → schedule, and a checker of its own.

Import what you need from the files: ``scheduler.instance``, ``scheduler.solver``, ``scheduler.checker``,
``scheduler.reasons``. This file stays empty so that the checker never loads OR-Tools.
"""
