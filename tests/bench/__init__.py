"""The budgets of DESIGN, measured: `python -m tests.bench [module …]`, one JSON object a line.

A bench is a module of this package with `measure()`, which yields `{"name", "value", "unit", "budget", …}`;
`budget` is text like `<= 1.2` or `>= 30`, and the runner says whether the value keeps it.
"""
