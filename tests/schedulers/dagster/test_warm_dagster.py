"""A Dagster that was imported before it was forked answers as one that was started for the question."""

import sys
import time
from pathlib import Path

from meta_pipeline.policy import Policy, SchedulerPolicy
from meta_pipeline.schedulers.dagster.commands import TOPOLOGY_FILE, DagsterRuntime
from meta_pipeline.workspace.process import Ran, run
from meta_pipeline.workspace.sandbox import detect_sandbox, interpreter_folders
from meta_pipeline.workspace.warm import Warmth, warm_process
from tests.schedulers.dagster.test_bad_input import BROKEN, GOOD, HEAD, files_of

DAGSTER = DagsterRuntime()
POLICY = Policy(scheduler=SchedulerPolicy(kind="dagster", paths=(".",)))
LEAVES = {
    "leaves.py": HEAD
    + "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    + "@dg.asset\ndef left(): ...\n\ndefs = dg.Definitions(assets=[left])\n",
    "tampers.py": HEAD
    + "import os\nos.environ.clear()\nos.chdir('/')\ndg.asset = None\ndefs = dg.Definitions()\n",
    "good_too.py": HEAD + "@dg.asset\ndef fine_too(): ...\n\ndefs = dg.Definitions(assets=[fine_too])\n",
}
BAD = {name: BROKEN[name] for name in ("exits_hard.py", "uses_broken.py")}


def test_topologies_are_equal_to_the_byte(tmp_path: Path) -> None:
    python = Path(sys.executable)
    walls = detect_sandbox().opened(
        read_only=(Path(sys.prefix), *interpreter_folders(python), *DAGSTER.probes)
    )
    path = f"{python.parent}:/usr/bin:/bin"
    with warm_process(Warmth(python, DAGSTER.preloads, path, {"TZ": "UTC"}, walls)) as warm:

        def ask(root: Path, *, warmly: bool) -> bytes:
            for name, content in files_of(BAD, LEAVES, GOOD).items():
                (root / "checkout" / name).parent.mkdir(parents=True, exist_ok=True)
                (root / "checkout" / name).write_text(content)
            (root / "scratch").mkdir()
            command, cwd = DAGSTER.parse(POLICY, root / "scratch"), root / "checkout"
            variables = {"PYTHONPATH": str(cwd), "TZ": "UTC"}
            ran: Ran | None
            if warmly:
                ran = warm.run(command, cwd=cwd, variables=variables)
            else:
                opened = walls.opened(writable=(root,))
                ran = run(command, cwd=cwd, path=path, variables=variables, sandbox=opened)
            assert ran is not None
            assert ran.exit == 0, ran.stderr.decode()[-2000:]
            return (root / "scratch" / TOPOLOGY_FILE).read_bytes()

        began = time.monotonic()
        cold = ask(tmp_path, warmly=False)
        # The process that a location leaves behind holds nobody.
        assert time.monotonic() - began < 120
        assert b"fine_too" in cold
        assert b'"left"' in cold
        for number in range(3):
            with warm.turn() as room:
                (room / str(number)).mkdir()
                assert ask(room / str(number), warmly=True) == cold
        # It was the warm process that answered, to the end.
        assert warm.alive
