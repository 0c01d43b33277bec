"""Meta-pipeline: an issue goes in; a reviewed, proved, reversible pipeline change comes out."""
