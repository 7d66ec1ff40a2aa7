"""Erasure: after a customer was deleted nothing of the person is anywhere; every proof holds."""

import traceback

import orjson
import pytest

from domain.application import CustomerGroups
from projections import directory, erasure, log, membership, merkle, rebuild
from projections.postgres import PostgresStore
from tests.asking import Asking, asking
from tests.audit.persons import BEFORE, ERASED, PERSON, crowd, files, found_in, live, rows
from tests.serving import signed_in, until

GROUPS = "/admin/customer-groups"
CUSTOMERS = "/admin/customers"

ONCE = {"Idempotency-Key": "the very same"}
NDJSON = {"Content-Type": "application/x-ndjson"}


@pytest.fixture
def vip(groups):
    return groups.create_group("VIP").group_id


def test_no_row_of_any_table_holds_anything_of_a_deleted_customer(store, groups, vip):
    gone = groups.create_group("Old").group_id
    live(store, groups, vip, gone)
    groups.delete_group(gone)
    before = rows(store)

    groups.delete_customer(ERASED)
    erasure.sweep(store)

    assert PERSON["email"].encode() in before
    assert found_in(rows(store)) == []
    assert ERASED.encode() in rows(store)  # the log says that somebody was there, not who


def test_the_log_and_its_proofs_stay_what_they_were(store, groups, vip):
    live(store, groups, vip)
    lines = [log.published(event, "log_1") for event in log.after(store.read, 0, limit=100)]
    size = merkle.size(store.read)
    root = merkle.root(store.read, size)

    groups.delete_customer(ERASED)
    erasure.sweep(store)

    events = log.after(store.read, 0, limit=100)
    assert [log.published(event, "log_1") for event in events][:-1] == lines
    assert events[-1].topic == "CustomersRemoved"
    assert merkle.root(store.read, size) == root
    assert rebuild.verify(store).problems == []


def test_a_restored_group_does_not_bring_an_erased_customer_back(store, groups, customers, vip):
    (kept,) = customers("cus_kept")
    live(store, groups, vip)
    groups.change_customers(vip, add=[kept])
    groups.delete_group(vip)

    groups.delete_customer(ERASED)
    groups.restore_group(vip)

    assert store.members_among(vip, [ERASED, kept]) == {kept}
    assert store.group(vip).customers_count == 1
    assert membership.groups_holding(store.read, ERASED) == []


def test_whoever_is_put_under_the_same_id_is_somebody_new(store, groups, vip):
    live(store, groups, vip)
    groups.delete_customer(ERASED)

    with asking():
        row, is_new = directory.put(store, ERASED, {}, "user_admin")

    assert is_new
    assert found_in(row.document) == []
    assert store.members_among(vip, [ERASED]) == set()


def test_the_planner_of_postgresql_forgets_the_samples_it_took(postgres_store):
    store, groups = postgres_store, Asking(CustomerGroups(postgres_store))
    crowd(store, 50)
    live(store, groups)
    with store.deciding():
        store.analyze("")
    assert found_in(samples(store))

    groups.delete_customer(ERASED)
    erasure.sweep(store)

    assert found_in(samples(store)) == []


def samples(store: PostgresStore) -> bytes:
    """The values of columns in the planner's statistics."""
    return str(
        store.read(
            "SELECT attname, most_common_vals::text, histogram_bounds::text FROM pg_stats"
            " WHERE tablename = 'customer'"
        )
    ).encode()


def test_dead_rows_and_index_entries_leave_postgresql(postgres_store):
    store, groups = postgres_store, Asking(CustomerGroups(postgres_store))
    live(store, groups)
    groups.delete_customer(ERASED)
    with store.defining():
        store.define("CREATE EXTENSION IF NOT EXISTS pageinspect")
    assert found_in(tuples(store))

    erasure.sweep(store)

    assert found_in(tuples(store)) == []


def tuples(store: PostgresStore) -> bytes:
    """The rows in the first page of the table and its index of e-mails, dead ones too."""
    heap = "SELECT t_data FROM heap_page_items(get_raw_page('customer', 0))"
    index = "SELECT data FROM bt_page_items('customer_email', 1)"
    return b"".join(row[0] for row in store.read(heap) if row[0]) + b"".join(
        bytes.fromhex(row[0]) for row in store.read(index) if row[0]
    )


def test_what_the_database_says_of_a_mistake_names_no_value(store, groups):
    """Its message would stand in our log for as long as logs are kept."""
    live(store, groups)

    with store.deciding():
        twin = directory.blank("cus_twin", "user_admin") | {"email": PERSON["email"]}
        with pytest.raises(Exception, match=r"(?i)unique") as refused:
            store.write(directory.INSERT, **directory.columns(twin))

    assert found_in("".join(traceback.format_exception(refused.value)).encode()) == []


# The service, as its users meet it


@pytest.fixture
def service(new_url, tmp_path, monkeypatch, start):
    """A service whose database, logs and temporary files all are in the test's own folder."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    url = new_url if new_url.startswith("postgresql") else f"sqlite:///{tmp_path / 'groups.db'}"
    return start(url, LOG_FORMAT="json")


def test_nothing_is_left_of_whoever_is_deleted_over_the_api(service, tmp_path):
    """No row, file, log line, kept answer or leftover of an import, without anybody's asking."""
    api = signed_in(service)
    vip, old = api.group("VIP")["id"], api.group("Old")["id"]
    known = [
        api.put(f"{CUSTOMERS}/{ERASED}", BEFORE),
        api("POST", f"{CUSTOMERS}/import", data=file_of(PERSON | {"id": ERASED}), headers=NDJSON),
        api.post(f"{CUSTOMERS}/{ERASED}", {"metadata": {"birthday": "1815-12-10", "x": 1}}),
        api.put(f"{CUSTOMERS}/cus_2", {"email": PERSON["email"]}),  # taken
        *(
            api.post(f"{GROUPS}/{id}/customers?fields=*customers", {"add": [ERASED]}, headers=ONCE)
            for id in (vip, old)
        ),
        api.post(f"{CUSTOMERS}/{ERASED}/customer-groups", {"add": [vip]}, headers=ONCE),
        api.delete(f"{GROUPS}/{old}", headers=ONCE),
        api.get(CUSTOMERS, params={"q": PERSON["last_name"], "order": "email", "cursor": ""}),
        api.get(f"{GROUPS}/{vip}/customers", params={"q": PERSON["email"], "limit": 1}),
        api.post(f"{CUSTOMERS}/lookup", {"values": [PERSON["email"]], "group_id": vip}),
        api.get(f"{CUSTOMERS}/{PERSON['email']}"),
        api.get(f"/{PERSON['email']}"),
    ]
    assert [answer.status_code for answer in known] == [201, 200, 200, 400] + [200] * 7 + [404] * 2
    with service.store() as store:
        assert found_in(rows(store))

    for _ in range(2):
        assert api.delete(f"{CUSTOMERS}/{ERASED}", headers=ONCE).status_code == 200

    with service.store() as store:
        until(lambda: not erasure.is_wanted(store))
    until(lambda: found_in(files(tmp_path)) == [])
    assert service.stop() == 0
    assert found_in(files(tmp_path)) == []
    with service.store() as store:
        assert found_in(rows(store)) == []


def file_of(customer):
    """A file that is too large for memory, with the customer in its last row."""
    others = [{"id": f"cus_{n:05}", "metadata": {"padding": "x" * 1000}} for n in range(1100)]
    return b"\n".join(orjson.dumps(row) for row in (*others, customer))
