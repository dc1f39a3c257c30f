"""The workflow's stages, one file each: what a stage does, without AWS."""
