"""The one error a bad instance or a bad schedule file raises."""


class InstanceError(ValueError):
    """A field of an instance or schedule is missing, of the wrong type or contradicts another one.

    Parameters
    ----------
    path : str
        Place of the field, such as ``candidates[3].duration_min``.
    problem : str
        What is wrong and what would be right, in English; `scheduler.formats.error_texts` has the Chinese.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem

    def within(self, prefix: str) -> "InstanceError":
        """Return the same error as seen from the object or list that holds this one at `prefix`."""
        is_nested = prefix and self.path and not self.path.startswith("[")
        return InstanceError(f"{prefix}{'.' if is_nested else ''}{self.path}", self.problem)


class FileError(InstanceError):
    """A file that cannot be read or written, or what is wrong inside it.

    Parameters
    ----------
    file_name : str
        The file as the user named it.
    path : str
        Place of the field in the file; empty for the file as a whole.
    problem : str
        As in `InstanceError`.
    """

    def __init__(self, file_name: str, path: str, problem: str) -> None:
        super().__init__(path, problem)
        self.file_name = file_name
