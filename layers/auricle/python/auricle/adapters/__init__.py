"""The ports on AWS. Only `auricle.bootstrap` reaches in here (and handlers, for logs); each SDK loads on first use."""
