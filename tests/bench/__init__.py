"""How fast it is, beside floors and peers in the same run: `make bench`, `make bench BENCH=page`.

A bench is a module here whose docstring's first line is its title, with one function `run(report)`.
Machines differ and are noisy: columns run in turns, medians are told, and ratios are what counts.
"""
