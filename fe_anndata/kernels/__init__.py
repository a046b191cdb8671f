"""Operations on tensors: no names, no files, no AnnData.

``products``
    A matrix, dense or CSR, known by its products with thin matrices; and the sets of entries.
``target``
    What a model is to predict: such a matrix, centred and scaled, its hidden entries filled in.
``inner``
    Loss and gradients of the inner decoder over the whole matrix, from two such products.
``phi``
    The sample side of the inner decoder, with gradients by hand.
``svd``
    Truncated singular value decomposition of a target.
``pair_mlp``
    The network of the concat decoder on pairs and tiles, its first layer split.
``bins``, ``z_scores``
    Values as ranks, or as deviations, among those of the same gene in a reference.
"""
