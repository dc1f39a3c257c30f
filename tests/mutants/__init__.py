"""`make mutants`: do the unit and contract tests notice when the code is changed?

cosmic-ray changes one thing in one module (a comparison, a number, a call left out), the tests that run the changed
line are run, and a change that none of them notices has survived. A seeded sample over the domain and the API keeps
the run under an hour.

- `sites.py`      what can be changed, and the sample of it
- `operators.py`  changes that cosmic-ray does not know
- `coverage.py`   which test runs which line, and how long it takes
- `trial.py`      one change, tried in a copy of the repository
- `warm.py`       the process that runs pytest there
- `equivalents.txt`  changes that change no behaviour, each with the reason

While writing tests, two options save time: `--keep-coverage` runs only the test files that have changed to learn their
lines (a module that has changed or is new is then known roughly or not at all), and `--again` tries only what survived
the last run. Results are written to `build/mutants/results.jsonl` as they come.
"""
