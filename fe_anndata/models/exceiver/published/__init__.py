"""The published Exceiver (2022), written from its description, on the counted genes alone.

Vectors are 4 numbers long, and the squared error of z-scores is learned. The published form has a
row of all genes for each sample, of which attention is told to leave out those without a count;
here rows hold the counted genes, which gives the same. Three things differ. Z-scores are those of
the training samples, for all samples. Samples with few genes are kept: of them half of the genes
are hidden. And what the description leaves open is chosen as torch or the Perceiver have it.

``values``
    From counts to padded rows of values, some of them hidden.
``network``
    The model.
``task``, ``trained``
    Its training, and what a trained model does.
"""
