"""The audio-files API: upload by presigned URL, list, download, transcript, processing. camelCase, RFC 9457."""
