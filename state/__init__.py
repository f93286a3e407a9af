"""What we remember: facts, credits, ledger, journal, runs and leases, on SQLite and PostgreSQL; no rule lives here.

A ``Database`` is open on one workspace and shared by threads. Whatever a run stores goes through a ``Fence``, the proof of
holding its lease: each such transaction renews it, or fails with ``ConflictError`` and stores nothing. Readers that stream
hold no connection between chunks, so the consumer may write meanwhile.

    database    Database.open(url: str, workspace_slug: str, clock: Clock) -> Database
                .writing(fence) · .marking() (needs no lease) · .reading() -> context manager of Connection · .close()
                Fence(database, job, owner, token, ttl).check()
    leases      acquire(database, owner, job="run", ttl=120.0, gone=lambda owner: False) -> Fence
                release(fence) · halt(database, who) · resume(database)
    migrate     upgrade(url) -> (before, after) · head() -> str · is_new(url) -> bool
    cursors     Cursors(database).of(connection) -> {object: cursor} · .forget(fence, connection)
                .bind(fence, connection, identity) · .bound() -> {connection: Identity}
                .full(fence, connection, object, total) · .accept(fence, objects, until=None)
                .unaccepted() -> {(connection, object): (before, now)}
    facts       Facts(database).remember(fence, page: Page, kind, seen_at, connection, quarantine: {id: reason},
                    reach: Callable[[RawRecord], Reach], fields_hash) -> Counter[str] · .aliases() -> {loser: survivor}
    quarantines quarantined(database) -> Iterator[Quarantined(ref, kind, reason, readable)]
    dossiers    Dossiers(database).stream("dirty" | "all" | refs, as_of, chunk=2000, rules=None) -> Iterator[RawDossier]
                .count(wanted, as_of) -> int · .facts_of(kind, chunk=5000) -> Iterator[RawVersion], newest versions
    credits     Decided(opportunity, credits, entries, rates, findings, good_until, readable)
                Credits(database).replace(fence, [Decided], config) -> Counter[str]
                .stream() -> Iterator[Credit] · .findings() -> Iterator[Finding]
    pools       Pools(database).stream("dirty" | "all", as_of, chunk=200)
                    -> Iterator[PooledDeals(pool, entries in order, posted: (Posted(key, minor, count, last_at), …), changed,
                       taken_back)] · .of(opportunity) · .named(pools)
    ledger      Ledger(database).append(fence, lines, config, pools=(), run=None, taken=()) -> number of lines
                .lines(*, partner, opportunity, period, posted_period, run) -> Iterator[Line]
                .totals(opportunities=None) -> Iterator[Posted]
    standings   Standings(database): what a plan is made from (dirty records, deals, accounts, cells)
    journal     Journal(database, fence, run=None, task_object="Task")
                .begin([Intent]) · .finish([Done]) · .unresolved(crm, org) -> [Intent] · .remember([FieldChange])
    holds       Holds(database).put(fence, [Hold]) · .all(ended=False) -> [Hold] · .release(fence, cells, at)
    reversals   Reversals(database).all() -> [TakenBack] · .end(fence, keys, at)
    undoing     Undoing(database).wrote(run) -> [Wrote] · .open(run) -> int · .reverted(fence, ids)
    tasks       Tasks(database).of(records) -> {record: [StoredTask]} · .close(fence, keys)
    plans       Plans(database).put(fence, plan, reasons, approved_by=None) · .find(beginning=None) -> Plan | None
                .waiting()
    runs        Runs(database).begin(fence, kind, config, actor) -> int · .end(fence, id, status, counts, message="")
                .newest(limit=10) -> [Run] · .of(id) -> Run | None
    slots       Slots(database).claim(name, at, owner="") -> bool · .newest() -> {name: at}
    snapshots   Snapshots(database).seen(fence, hash, meaning) · .approve(fence, hash, who) · .approved(hash) · .meaning(hash)
    people      People(database).replace(fence, site, people) · .everyone(site) · .of(site) -> {id or e-mail: Person}
    drifts      Drifts(database).replace(fence, connection, [Drift]) · .all() -> (Drift, …)
    meter       DatabaseMeter(database, paces=None, reserved=None): the Meter that connectors declare, and
                .flush() · .taken() -> {(connection, freshness): calls since asked} · .totals()
    rests       Rests(database).put(connection, seconds, reason) · .of(connection) -> Rest | None · .all() · .end(connection)
    erase       erase(database, who, actor: str | None) -> payloads found; without actor only counted
    backup      backup(url, file) · restore(url, file) · recovering(database) -> datetime | None
                recovered(database, fence)
"""
