"""Who reads which column of a dataset, as far as the queries of a repository say so."""
