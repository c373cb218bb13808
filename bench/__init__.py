"""The benchmarks: `make bench-NAME` prints one table and writes ``bench/out/NAME.json``.

Figures in documents come from these files.
"""
