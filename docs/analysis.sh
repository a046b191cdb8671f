#!/bin/sh
# From a matrix of TPM or counts to tables and figures, all in the folder where it is called:
#
#   sh analysis.sh tpm.tsv samples.tsv cancer_type CD79A
#
# The matrix, in a file of any kind and either way round; a table of the samples; the column of it that
# names their groups; and a gene to look at. Modules of genes need the extra `modules`.
set -eu
matrix=$1 samples=$2 groups=$3 gene=$4

# 1. Read the matrix, and what is known of its samples.
fe-anndata convert "$matrix" --obs "$samples" -o cells.h5ad --overwrite

# 2. Train: the log goes to one file, what a program may read to another.
fe-anndata train cells.h5ad -o trained.h5ad --overwrite --json > train.json 2> train.log
fe-anndata plot trained.h5ad history -o history.png

# 3. Samples: where they lie, where they lie densely, and what sets groups apart.
fe-anndata plot trained.h5ad embedding --color "$groups" "$gene" -o map.png
fe-anndata plot trained.h5ad density -o density.png
fe-anndata markers trained.h5ad "$groups" -o markers.tsv --plot markers.png --overwrite

# 4. Genes: which are similar to one, and which belong together.
fe-anndata similar-genes trained.h5ad "$gene" -n 20 > similar.tsv
fe-anndata gene-modules trained.h5ad -o trained.h5ad --overwrite --json > modules.json

# 5. Is it any good? New samples, placed by several methods that have never seen them.
fe-anndata evaluate cells.h5ad --label "$groups" --methods fe pca --dims 2 8 --classifiers knn \
    --folds 3 -o evaluation.tsv --plot evaluation.png --overwrite

# 6. For other tools.
fe-anndata export-samples trained.h5ad -o samples_fe.tsv --overwrite
fe-anndata export-genes trained.h5ad -o genes.vec --overwrite
