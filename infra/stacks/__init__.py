"""Units of deployment: what is kept, what is replaceable, and the GPU queue."""
