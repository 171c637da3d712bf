"""One file a case, each with `run(...) -> Outcome`; its sizes are arguments, so that tests can
shrink them."""
