"""The files around the pipelines that every small repository has, and the code that they share."""

WORKFLOW = """\
name: checks
on:
  pull_request:
  schedule:
    - cron: "0 6 * * *"
permissions:
  contents: read
env:
  REGION: eu
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - name: Install
        run: pip install -r requirements.txt
      - name: Tests
        run: pytest
"""

AROUND = {
    ".github/workflows/checks.yml": WORKFLOW,
    ".gitignore": "build/\n",
    "README.md": "# Shop\n\nThis is also read by people.\n",
    "requirements.in": "duckdb>=1.1\npandas>=2.2\n",
    "requirements.txt": "# pip-compile\nduckdb==1.1.0\npandas==2.2.0\nrequests\n",
    "pyproject.toml": """\
[project]
name = "shop"
description = "Pipelines"

[tool.ruff.lint]
select = ["E", "F", "S"]
""",
    "Dockerfile": "FROM python:3.12-slim\n",
    "notebooks/look.ipynb": """\
{
 "cells": [
  {
   "cell_type": "code",
   "source": [
    "x = 1\\n"
   ]
  }
 ]
}
""",
    "tests/test_totals.py": """\
import pytest


def total(rows):
    return sum(rows)


def test_total():
    assert total([1, 2]) == 3


def test_total_is_near():
    found = total([0.1, 0.2])
    assert found == pytest.approx(0.3, abs=1e-9)
    assert found
""",
}

SHOP = {
    "shop/__init__.py": "",
    "shop/orders.py": """\
import json
import os
import subprocess

import duckdb
import yaml

from shop.settings import DATABASE

LIMITS = {'small': 10, 'large': 100}
# old = compute(1)


def load_orders(day):
    password = os.environ["SHOP_PASSWORD"]
    connection = duckdb.connect(DATABASE, config={"key": password})
    connection.execute("DELETE FROM orders WHERE day = $day", {"day": day})
    connection.execute("INSERT INTO orders SELECT * FROM staged WHERE day = $day", {"day": day})
    return "{} rows".format(day)


def publish(frame, path):
    frame.to_sql("totals", path, if_exists="replace")
    options = yaml.safe_load("a: 1")
    subprocess.run(["echo", path])
    print(options)
""",
    "shop/settings.py": """\
DATABASE = "shop.duckdb"


def region():
    return "eu"
""",
}
