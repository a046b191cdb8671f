#!/bin/sh
# From a matrix of samples x genes to tables and figures, all in the folder where it is called:
#
#   sh analysis.sh cells.h5ad cell_type CD79A
#
# The file, a column of obs that names groups of samples, and a gene to look at.
set -eu
cells=$1 groups=$2 gene=$3

# 1. Train: the log goes to one file, what a program may read to another.
fe-anndata train "$cells" -o trained.h5ad --overwrite --json > train.json 2> train.log
fe-anndata plot trained.h5ad history -o history.png

# 2. Samples: where they lie, where they lie densely, and what sets groups apart.
fe-anndata plot trained.h5ad embedding --color "$groups" "$gene" -o map.png
fe-anndata plot trained.h5ad density -o density.png
fe-anndata markers trained.h5ad "$groups" -o markers.tsv --plot markers.png --overwrite

# 3. Genes: which are similar to one, and which belong together.
fe-anndata similar-genes trained.h5ad "$gene" -n 20 > similar.tsv
fe-anndata gene-modules trained.h5ad -o trained.h5ad --overwrite --json > modules.json

# 4. Is it any good? New samples, placed by several methods that have never seen them.
fe-anndata evaluate "$cells" --label "$groups" --methods fe pca --dims 2 8 --classifiers knn \
    --folds 3 -o evaluation.tsv --plot evaluation.png --overwrite

# 5. For other tools.
fe-anndata export-samples trained.h5ad -o samples.tsv --overwrite
fe-anndata export-genes trained.h5ad -o genes.vec --overwrite
