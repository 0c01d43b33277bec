"""Run one Great Expectations checkpoint from the repository root; exit 1 if it fails."""

import sys

import great_expectations as gx


def main(name: str) -> int:
    context = gx.get_context(mode="file", project_root_dir=".")
    result = context.checkpoints.get(name).run()
    print(result.describe())
    return 0 if result.success else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
