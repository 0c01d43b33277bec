"""`python -m meta_pipeline` is the command `meta-pipeline`."""

from meta_pipeline.cli import main

if __name__ == "__main__":
    main()
