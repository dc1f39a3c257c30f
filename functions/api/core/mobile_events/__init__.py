"""What the phone reports of a recording: started, paused, offline and the like."""
