"""One flow that serves itself."""

from prefect import flow


@flow(log_prints=True)
def hello_world(name: str = "world"):
    print(f"hello {name}")


if __name__ == "__main__":
    hello_world.serve(name="hello", cron="@daily", global_limit=3)
