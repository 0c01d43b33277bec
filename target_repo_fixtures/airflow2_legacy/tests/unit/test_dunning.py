from billing import dunning, invoices, settings


def test_only_unpaid_invoices_that_were_due_are_overdue(ds, database):
    invoices.load(ds, database)
    assert dunning.overdue(ds, database) == [("northwind-books", 2, 14049)]


def test_letters_of_a_date_are_written_anew(ds, database):
    folder = settings.letters_folder(ds)
    folder.mkdir(parents=True)
    (folder / "old.txt").write_text("old", encoding="utf-8")
    assert dunning.write_letters(ds, [("northwind-books", 2, 14049)]) == 1
    assert [letter.name for letter in folder.iterdir()] == ["northwind-books.txt"]
