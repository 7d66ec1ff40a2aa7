"""Files of customers over HTTP: rows that stand alone, matched, streamed, tried first."""

import json

import pytest

from tests.api.answers import CUSTOMERS
from tests.serving import unique

IMPORT = f"{CUSTOMERS}/import"
CSV, NDJSON = "text/csv", "application/x-ndjson"


def send(api, data, kind=CSV, **asked):
    data = data.encode() if isinstance(data, str) else data
    headers = {"Content-Type": kind}
    answer = api("POST", IMPORT, data=data, headers=headers, params=asked)
    assert answer.status_code == 200, answer.text
    assert list(answer.json()) == ["created", "updated", "unchanged", "refused", "errors"]
    return answer.json()


def counts(imported):
    return tuple(imported[name] for name in ("created", "updated", "unchanged", "refused"))


def one(api, customer_id):
    answer = api.get(f"{CUSTOMERS}/{customer_id}")
    assert answer.status_code == 200, answer.text
    return answer.json()["customer"]


@pytest.fixture
def word():
    """A beginning of ids and e-mails that no other test uses."""
    return unique("row-")


def test_a_csv_file_makes_customers(api, word):
    text = (
        "\ufeffid,email,company_name,first_name,last_name,phone,has_account,metadata\r\n"
        f'{word}1,{word}@shop.example,"Acme, Ltd.",Ada,Lovelace,+49 30,true,"{{""a"": 1}}"\r\n'
        f"{word}2,,,,,,,\r\n"
    )

    assert counts(send(api, text)) == (2, 0, 0, 0)

    ada, nobody = one(api, f"{word}1"), one(api, f"{word}2")
    assert ada["email"] == f"{word}@shop.example"
    assert ada["company_name"] == "Acme, Ltd."
    assert (ada["first_name"], ada["last_name"], ada["phone"]) == ("Ada", "Lovelace", "+49 30")
    assert (ada["has_account"], ada["metadata"]) == (True, {"a": 1})
    assert ada["created_by"].startswith("user_")
    empty = ("email", "company_name", "first_name", "last_name", "phone", "metadata")
    assert [nobody[name] for name in empty] == [None] * 6
    assert nobody["has_account"] is False


def test_an_ndjson_file_makes_the_same_customers(api, word):
    rows = [
        {"id": f"{word}1", "email": f"{word}@shop.example", "has_account": True},
        {"id": f"{word}2", "metadata": {"a": [1, None]}},
    ]
    text = "\n".join(map(json.dumps, rows))

    assert counts(send(api, text, NDJSON)) == (2, 0, 0, 0)

    assert one(api, f"{word}1")["email"] == f"{word}@shop.example"
    assert one(api, f"{word}2")["metadata"] == {"a": [1, None]}


def test_unknown_columns_become_metadata_as_text_and_empty_cells_are_left_out(api, word):
    send(api, f"id,orders,city\n{word}1,007,Ulm\n{word}2,,\n{word}3,3,\n")

    metadata = [one(api, f"{word}{number}")["metadata"] for number in (1, 2, 3)]

    assert metadata == [{"orders": "007", "city": "Ulm"}, None, {"orders": "3"}]


def test_an_unknown_key_refuses_its_ndjson_row_alone(api, word):
    text = f'{{"id": "{word}1", "orders": 3}}\n{{"id": "{word}2"}}\n'

    imported = send(api, text, NDJSON)

    assert counts(imported) == (1, 0, 0, 1)
    assert imported["errors"] == [{"line": 1, "message": "Unrecognized fields: 'orders'"}]
    assert api.get(f"{CUSTOMERS}/{word}1").status_code == 404


def test_only_the_columns_that_the_file_has_change(api, word):
    send(api, f"id,first_name,last_name,city\n{word},Ada,Lovelace,Ulm\n")

    assert counts(send(api, f"id,last_name,tier\n{word},,gold\n")) == (0, 1, 0, 0)

    ada = one(api, word)
    assert (ada["first_name"], ada["last_name"]) == ("Ada", None)
    assert ada["metadata"] == {"city": "Ulm", "tier": "gold"}


def test_a_row_is_matched_by_id_else_by_email_and_account_else_refused(api, word):
    email = f"{word}@shop.example"
    send(api, f"id,email,has_account\n{word}1,{email},no\n{word}2,{email},yes\n")

    text = f"id,email,has_account,first_name\n,{email},yes,Bea\n{word}1,{email},no,Ada\n,,,Eve\n"
    imported = send(api, text)

    assert counts(imported) == (0, 2, 0, 1)
    assert [one(api, f"{word}{n}")["first_name"] for n in (1, 2)] == ["Ada", "Bea"]
    assert imported["errors"][0]["line"] == 4
    assert "neither an id nor an email" in imported["errors"][0]["message"]


def test_a_new_email_makes_a_customer_with_an_id_of_ours(api, word):
    assert counts(send(api, f"email\n{word}@shop.example\n")) == (1, 0, 0, 0)

    listed = api.get(CUSTOMERS, params={"email": f"{word}@shop.example"}).json()["customers"]

    assert [row["id"].startswith("cus_") for row in listed] == [True]


def test_running_it_again_changes_nothing(api, word):
    text = f"id,email,orders\n{word}1,{word}@shop.example,3\n{word}2,,4\n"
    send(api, text)
    before = one(api, f"{word}1")

    assert counts(send(api, text)) == (0, 0, 2, 0)

    assert one(api, f"{word}1") == before


def test_rows_stand_alone_and_errors_name_their_lines(api, word):
    text = (
        "id,email,has_account\n"
        f"{word}1,,\n"
        f"{word} 2,,\n"
        f"{word}3,nobody,\n"
        f'{word}4,"a\nb",\n'
        f"{word}5,,perhaps\n"
        f"{word}6\n"
        f"{word}7,,\n"
    )

    imported = send(api, text)

    assert counts(imported) == (2, 0, 0, 5)
    assert [error["line"] for error in imported["errors"]] == [3, 4, 5, 7, 8]
    assert all(error["message"] for error in imported["errors"])
    assert one(api, f"{word}7")


def test_an_email_that_another_customer_has_refuses_the_row(api, word):
    email = api.customer()["email"]

    imported = send(api, f"id,email\n{word}1,{email}\n{word}2,\n")

    assert counts(imported) == (1, 0, 0, 1)
    message = f"Customer with email: {email}, has_account: false, already exists."
    assert imported["errors"] == [{"line": 2, "message": message}]


def test_the_first_thousand_errors_are_told_and_all_are_counted(api, word):
    bad = "\n".join(f"{word} {number}" for number in range(1005))

    imported = send(api, f"id\n{bad}\n{word}\n")

    assert counts(imported) == (1, 0, 0, 1005)
    assert [error["line"] for error in imported["errors"]] == list(range(2, 1002))


@pytest.mark.parametrize("asked", [{"dry_run": ""}, {"dry_run": "true"}])
def test_a_dry_run_says_what_would_happen_and_changes_nothing(api, word, asked):
    send(api, f"id,first_name\n{word}1,Ada\n")
    text = f"id,first_name\n{word}1,Bea\n{word}2,Cleo\n{word} 3,\n{word}1,Bea\n"

    tried = send(api, text, **asked)

    assert counts(tried) == (1, 1, 1, 1)
    assert one(api, f"{word}1")["first_name"] == "Ada"
    assert api.get(f"{CUSTOMERS}/{word}2").status_code == 404
    assert send(api, text) == tried


def test_a_file_is_streamed_in_chunks_of_any_size(api, word, sized):
    rows = sized(3000, 200_000)

    def chunks():
        yield b"id,note\n"
        for number in range(rows):
            yield f"{word}{number:06},{'x' * 1000}\n".encode()

    headers = {"Content-Type": CSV}
    answer = api.session.post(api.server.url + IMPORT, data=chunks(), headers=headers, timeout=600)

    assert counts(answer.json()) == (rows, 0, 0, 0), answer.text
    listed = api.get(CUSTOMERS, params={"id": f"{word}{rows - 1:06}"}).json()
    assert listed["count"] == 1


def test_an_import_needs_no_length_limit_and_each_row_has_one(api, word):
    text = f"id,note\n{word}1,{'x' * 66_000}\n{word}2,{'y' * 60_000}\n" + "\n" * 1_500_000

    imported = send(api, text)

    assert counts(imported) == (1, 0, 0, 1)
    assert "65,536 bytes" in imported["errors"][0]["message"]


@pytest.mark.parametrize(
    ("text", "words"),
    [("", "must name the columns"), ("id,id\n", "two 'id'"), ("id,,x\n", "column 2 has none")],
)
def test_a_file_whose_header_cannot_be_used_is_400(api, text, words):
    answer = api("POST", IMPORT, data=text.encode(), headers={"Content-Type": CSV})

    assert (answer.status_code, answer.json()["type"]) == (400, "invalid_data")
    assert words in answer.json()["message"]


@pytest.mark.parametrize(
    "kind", ["application/json", "text/csv; charset=latin-1", "text/plain", "application/ndjson"]
)
def test_a_file_of_another_type_is_415_that_says_what_is_accepted(api, kind):
    answer = api("POST", IMPORT, data=b"id\nx\n", headers={"Content-Type": kind})

    assert answer.status_code == 415
    assert "text/csv or application/x-ndjson" in answer.json()["message"]


def test_a_wrong_query_is_refused_before_a_row_is_read(api, word):
    for asked in ({"dry_run": "perhaps"}, {"format": "csv"}):
        answer = api(
            "POST",
            IMPORT,
            data=f"id\n{word}\n".encode(),
            headers={"Content-Type": CSV},
            params=asked,
        )
        assert answer.status_code == 400
    assert api.get(f"{CUSTOMERS}/{word}").status_code == 404


def test_an_import_needs_credentials_before_its_body_is_looked_at(anonymous):
    answer = anonymous("POST", IMPORT, data=b"id\nx\n", headers={"Content-Type": "text/plain"})

    assert answer.status_code == 401


def test_an_import_records_no_event(api, word):
    group = api.group()
    send(api, f"id\n{word}\n")
    api.add(group["id"], word)
    before = api.events(group["id"])

    send(api, f"id,first_name\n{word},Ada\n")

    assert api.events(group["id"]) == before
