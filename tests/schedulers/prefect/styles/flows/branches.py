"""Branches on parameters and results, early returns, loops."""

from prefect import flow, get_run_logger, task

REGIONS = ["eu", "us", "apac"]


@task
def check_source() -> bool:
    return True


@task
def full_load(region: str) -> str:
    return region


@task
def incremental_load(region: str) -> str:
    return region


@task
def publish(table: str) -> None:
    print(table)


@task
def skip_notice() -> None:
    print("skipped")


@flow(log_prints=True)
def choose_load(full_refresh: bool = False, dry: bool = False):
    logger = get_run_logger()
    if not check_source():
        skip_notice()
        return
    tables = []
    for region in REGIONS:
        logger.info("loading %s", region)
        if full_refresh:
            table = full_load(region)
        else:
            table = incremental_load(region)
        tables.append(table)
    if dry:
        return
    for table in tables:
        publish(table)


@flow
def notice_many():
    found = check_source()
    if len(found) > 1:
        publish(found)
    else:
        skip_notice()
