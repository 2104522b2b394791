"""Buys a ticket, with a race or under a lock: buy.py file|sqlite [--lock]; exits with 0, or 1 when sold out."""
import fcntl, sqlite3, sys, time

store, lock = sys.argv[1], "--lock" in sys.argv
think = 0.01 if lock else 0.05


def of_file():
    guard = open("guard", "a")
    if lock:
        fcntl.flock(guard, fcntl.LOCK_EX)
    with open("left.txt") as file:
        left = int(file.read() or 0)
    if left < 1:
        return None
    time.sleep(think)
    with open("left.txt", "r+") as file:
        file.write(str(left - 1))
    return left


def of_sqlite():
    database = sqlite3.connect("shop.db", timeout=30, isolation_level=None)
    if lock:
        database.execute("BEGIN IMMEDIATE")
    left = database.execute("SELECT left FROM shop").fetchone()[0]
    if left >= 1:
        time.sleep(think)
        database.execute("UPDATE shop SET left = ?", (left - 1,))
    if lock:
        database.execute("COMMIT")
    return left if left >= 1 else None


ticket = {"file": of_file, "sqlite": of_sqlite}[store]()
if ticket is None:
    sys.exit("sold out")
print('{"ticket": %d}' % ticket)
