"""Operations on tensors: no names, no files, no AnnData.

``products``
    A matrix, dense or CSR, known by its products with thin matrices; and sparse sets of cells.
``inner``
    Loss and gradients of the inner decoder over the whole matrix, from two such products.
``svd``
    Truncated singular value decomposition of a centred matrix with missing cells.
"""
