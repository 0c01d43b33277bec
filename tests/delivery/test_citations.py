import pytest

from meta_pipeline.delivery.citations import chunks_cited, cite_chunk, cite_file, files_cited


@pytest.mark.parametrize(
    "path", ["dags/a.py", "dags/sales daily.py", "odd`name.py", "100%.sql", "a\nb", "a%60b.py"]
)
def test_a_cited_file_is_read_back(path: str) -> None:
    assert files_cited(f"See {cite_file(path)}.") == (path,)


def test_plain_citations_end_where_the_sentence_goes_on() -> None:
    text = "(F:dags/a.py), F:README.md. and F:b.py:12-14; not PDF:x nor `XF:y`, F:README.md again"

    assert files_cited(text) == ("dags/a.py", "README.md", "b.py")


def test_chunks_are_read_back_well_formed_or_not() -> None:
    text = f"{cite_chunk('0123456789ab')}, chunk_id: ffff00001111 and chunk_id: nothing"

    assert chunks_cited(text) == ("0123456789ab", "ffff00001111", "nothing")
