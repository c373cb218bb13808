"""The rules of the notice in plain Python: nothing here knows Flask, a database or a file."""
