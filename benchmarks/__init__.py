"""Speed and memory of emmoe beside the machine's limits and other software; see README.md."""
