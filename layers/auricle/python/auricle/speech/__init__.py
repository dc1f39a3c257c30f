"""Engines that turn sound into words and speaker turns, and the weights they run on."""
