"""The synthesized templates, the workflow and what is bundled, without an engine."""
