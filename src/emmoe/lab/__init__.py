"""Running things: a draw, a fit, a contest of rivals, and the recorder that measures them."""
