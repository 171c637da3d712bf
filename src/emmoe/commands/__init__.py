"""The commands of `emmoe`: one file each, with `add_arguments(parser)` and `run(arguments)`."""
