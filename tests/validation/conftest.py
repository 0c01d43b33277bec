import pytest

from tests.schedulers.dbt.projects import SHOP
from tests.validation.dbt_bench import Shop


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    """A dbt project on DuckDB; its base is built once and then remembered."""
    return Shop.make(tmp_path_factory.mktemp("shop"), SHOP)
