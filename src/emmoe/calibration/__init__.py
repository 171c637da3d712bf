"""Which settings could have drawn the paper's curves: searched, simulated, accepted or not."""
