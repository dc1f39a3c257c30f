"""How right a result is: word error rate of transcripts, diarization error rate of speaker turns."""
