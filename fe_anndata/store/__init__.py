"""Results as plain nested dictionaries of arrays, which an .h5ad file holds as they are."""
