"""What lies on disk: files, their checksums and provenance, seeds, downloads, the lock."""
