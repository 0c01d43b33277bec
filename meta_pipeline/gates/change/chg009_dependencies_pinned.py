"""CHG009: manifest and lock agree, and a new dependency is the same tomorrow."""

from typing import ClassVar

from meta_pipeline.delivery.dependencies.kinds import kind_of, kind_of_lock
from meta_pipeline.delivery.stages import StageId
from meta_pipeline.gates import specimens
from meta_pipeline.gates.case import Case
from meta_pipeline.gates.gate import Example, Gate, Opinion
from meta_pipeline.gates.weighing import weigh
from meta_pipeline.policy import Policy


class DependenciesPinned(Gate):
    """Manifest and lock agree, and a new dependency is the same tomorrow as today.

    A lock that does not hold what its manifest asks for installs something else than was meant, or nothing at all.
    A requirement that names no release changes under a pipeline that nobody touched. What the repository does at base
    is the measure: ranges beside a lock are sound, and so is a range where nothing was ever pinned. Read are
    requirement files and what pip-compile makes of them, pyproject.toml with the locks of uv, Poetry and PDM, Pipfiles,
    setup files, conda environments, dbt packages, and what a Dockerfile installs with pip.
    """

    id: ClassVar[str] = "CHG009"
    name: ClassVar[str] = "dependencies-pinned"
    stage: ClassVar[StageId] = "implementation"
    subject: ClassVar[str] = "patched_code"
    needs: ClassVar[tuple[str, ...]] = ("change",)
    catches: ClassVar[tuple[str, ...]] = ("lock-stale",)

    def judge(self, case: Case) -> Opinion:
        assert case.change is not None
        paths = frozenset(file.path for file in case.change.files)
        if not any(kind_of(path) or kind_of_lock(path) for path in paths):
            return self.not_applicable("the change touches no dependency manifest and no lock")
        from meta_pipeline.gates.change.agreeing import (
            unagreed,
        )  # both load the parsers of manifests and locks
        from meta_pipeline.gates.change.unpinned import unpinned

        found = [*unagreed(case.change), *unpinned(case.change)]
        return weigh(self, found, "manifests and locks agree, and nothing new is left to chance")

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        pinned = "pandas==2.2.3\nsqlalchemy==2.0.36\n"
        project = '[project]\nname = "sales"\ndependencies = ["pandas>=2.2"]\n'
        lock = '[[package]]\nname = "pandas"\nversion = "2.2.3"\nsource = { registry = "packages.example.com" }\n'
        both = {"pyproject.toml": project, "uv.lock": lock}
        wanting = project.replace('"pandas>=2.2"', '"pandas>=2.2", "duckdb>=1.1"')
        compiled = {
            "requirements.in": "pandas==2.2.3\n",
            "requirements.txt": "pandas==2.2.3\n    # via -r x\n",
        }
        return (
            Example(
                "a pinned release moves",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned.replace("2.2.3", "2.3.0")}),
                "passed",
            ),
            Example(
                "a new dependency with its lock",
                _case(
                    both,
                    {
                        "pyproject.toml": wanting,
                        "uv.lock": lock + lock.replace("pandas", "duckdb").replace("2.2.3", "1.1.3"),
                    },
                ),
                "passed",
            ),
            Example("no manifest is touched", _case({}, {"dags/a.py": "x = 1\n"}), "not_applicable"),
            Example(
                "a new dependency without its lock",
                _case(both, both | {"pyproject.toml": wanting}),
                "failed",
                "'duckdb>=1.1' of pyproject.toml is not in uv.lock",
            ),
            Example(
                "the compiled file is not compiled again",
                _case(compiled, compiled | {"requirements.in": "pandas==2.3.0\n"}),
                "failed",
                "requirements.txt holds 2.2.3",
            ),
            Example(
                "a new dependency without a release, among pinned ones",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned + "duckdb\n"}),
                "needs_approval",
                "'duckdb' in requirements.txt is not pinned",
            ),
            Example(
                "a pin is taken away",
                _case({"requirements.txt": pinned}, {"requirements.txt": pinned.replace("==2.2.3", "")}),
                "needs_approval",
                "was pinned as 'pandas==2.2.3'",
            ),
            Example(
                "a dbt package on a branch",
                _case(
                    {},
                    {
                        "packages.yml": "packages:\n  - git: https://example.com/dbt-utils.git\n    revision: main\n"
                    },
                ),
                "needs_approval",
                "the branch 'main'",
            ),
        )


def _case(before: specimens.Files, after: specimens.Files) -> Case:
    return Case(Policy(), change=specimens.change(before, after))
