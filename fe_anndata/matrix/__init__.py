"""Expression values as arrays: checked, in float32, dense or CSR; and pieces of them."""
