"""Splitting one recording into several, and merging several into one."""
