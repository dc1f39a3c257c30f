"""The local environment: the synthesized `local` template, deployed into an embedded AWS engine.

`engine.py` starts it (in this process or as a child), `deploy.py` puts the stacks in, `front.py` serves the API
on a stable URL, `glue.py` is the only file that touches the engine's private names.
"""
