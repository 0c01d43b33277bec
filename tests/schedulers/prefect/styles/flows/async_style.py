"""Coroutines, gathered and awaited."""

import asyncio

from prefect import flow, task


@task(retries=5, retry_delay_seconds=2)
async def fetch(url: str) -> dict:
    return {"url": url}


@task
async def store(pages: list[dict]) -> int:
    return len(pages)


async def fetch_all(urls: list[str]) -> list[dict]:
    return await asyncio.gather(*[fetch(url) for url in urls])


@flow
async def crawl(urls: list[str] = ["https://example.com"]):  # noqa: B006
    pages = await fetch_all(urls)
    count = await store(pages)
    print(count)


@flow(name="crawl-two")
async def crawl_two():
    one = await fetch("https://example.com/1")
    two = await fetch("https://example.com/2")
    await store([one, two])


if __name__ == "__main__":
    asyncio.run(crawl())
