"""The `fields` parameter: which keys of an object, and of what it is related to, are answered."""

from dataclasses import dataclass

GROUP_COLUMNS = (
    "id",
    "name",
    "created_by",
    "created_at",
    "updated_at",
    "deleted_at",
    "metadata",
)
GROUP_EXTRAS = ("customers_count", "version")
CUSTOMER_COLUMNS = (
    "id",
    "company_name",
    "first_name",
    "last_name",
    "email",
    "phone",
    "metadata",
    "has_account",
    "created_by",
    "created_at",
    "updated_at",
    "deleted_at",
)


@dataclass(frozen=True, slots=True)
class Fields:
    """What to answer of each object.

    `columns` are in the order of the defaults, extras last. `relation` holds the columns of each
    related object, None where none is embedded. `is_default` is true for the stored document.
    """

    columns: tuple[str, ...]
    relation: tuple[str, ...] | None
    is_default: bool

    @classmethod
    def parse(
        cls,
        text: str | None,
        *,
        defaults: tuple[str, ...],
        extras: tuple[str, ...] = (),
        relation: str,
        relation_defaults: tuple[str, ...],
        relation_extras: tuple[str, ...] = (),
    ) -> "Fields":
        """Read a `fields` parameter; None, the parameter left out, asks for the defaults.

        A plain or dotted name, or nothing at all, asks for what is named only. Otherwise the
        parameter adds (`+x`) to the defaults and takes away (`-x`); taking away wins. `id` is
        always answered, unknown names never matter. `customers.*` is another way to write
        `*customers`, as it is with Medusa.
        """
        if text is None:
            return cls(defaults, None, is_default=True)
        named: set[str] = set()
        dropped: set[str] = set()
        starred: set[str] = set()
        only = not text.strip(",")
        for token in filter(None, text.split(",")):
            is_added = token[0] in "+ "  # a plus may arrive as a blank
            name = token[1:].strip() if is_added else token.rstrip()
            if name.startswith("-"):
                dropped.add(name[1:])
            elif name.startswith("*"):
                starred.add(name[1:])
            elif name.endswith(".*"):
                starred.add(name[:-2])
            else:
                named.add(name)
                only = only or not is_added

        chosen = named | {"id"}
        if not only:
            chosen = (chosen | set(defaults)) - dropped | {"id"}
        elif "" in starred:
            chosen |= set(defaults)
        columns = tuple(name for name in defaults + extras if name in chosen)

        prefix = relation + "."
        related = {name.removeprefix(prefix) for name in named if name.startswith(prefix)}
        if relation in starred:
            related |= set(relation_defaults)
        known = relation_defaults + relation_extras
        embedded = None
        if not related.isdisjoint(known):
            embedded = tuple(name for name in known if name in related or name == "id")
        return cls(columns, embedded, is_default=columns == defaults and embedded is None)
