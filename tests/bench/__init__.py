"""How fast the kernels and the close are, side by side with plain twins and hand-written SQL: `make bench`."""
