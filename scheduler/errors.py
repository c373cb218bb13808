"""The one error a bad instance or a bad schedule file raises."""


class InstanceError(ValueError):
    """A field of an instance or schedule is missing, of the wrong type or contradicts another one.

    Parameters
    ----------
    path : str
        Place of the field, such as ``candidates[3].duration_min``.
    problem : str
        What is wrong and what would be right.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def within(self, prefix: str) -> "InstanceError":
        """Return the same error as seen from the object that holds this one at `prefix`."""
        return InstanceError(".".join(part for part in (prefix, self.path) if part), self.problem)
