"""What a recording says: utterances, the summary, and where to download the audio."""
