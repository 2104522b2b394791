"""A ticket shop on PostgreSQL in several manners, some with a race: serves at a port, and finds its database in
DATABASE_URL.

gated.py PORT MANNER [--table NAME] [--extended] [--pool N] [--think SECONDS] [--job SECONDS] [--workers N]
    [--config FILE]
"""
import argparse, contextlib, http.server, json, os, queue, random, socket, struct, threading, time, urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("manner")
parser.add_argument("--table", default="gated")
parser.add_argument("--extended", action="store_true")
parser.add_argument("--pool", type=int, default=0)
parser.add_argument("--think", type=float, default=0)
parser.add_argument("--job", type=float, default=0)
parser.add_argument("--workers", type=int, default=1)
parser.add_argument("--config")
parser.add_argument("--give-up", type=float, help="after so many seconds without an answer")
args = parser.parse_args()
address = open(args.config).read().split(" = ")[1].strip() if args.config else os.environ["DATABASE_URL"]
url = urllib.parse.urlsplit(address)
mutex = threading.Lock()


class DatabaseError(Exception):
    pass


class Connection:
    """A client that speaks as much of the protocol as a shop needs."""

    def __init__(self):
        self.socket = socket.create_connection((url.hostname, url.port or 5432))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        # As libpq does, it asks for encryption, and takes no for an answer.
        self.socket.sendall(struct.pack("!ii", 8, 80877103))
        assert self.file.read(1) == b"N"
        pairs = b"user\0%s\0database\0%s\0\0" % ((url.username or "postgres").encode(), url.path[1:].encode())
        self.socket.sendall(struct.pack("!ii", len(pairs) + 8, 196608) + pairs)
        self.answer()
        self.socket.settimeout(args.give_up)

    def answer(self):
        rows, done, error = [], "", None
        while True:
            kind, length = struct.unpack("!ci", self.file.read(5))
            body = self.file.read(length - 4)
            if kind == b"D":
                row, at = [], 2
                for _ in range(struct.unpack("!h", body[:2])[0]):
                    size = struct.unpack("!i", body[at : at + 4])[0]
                    row.append(None if size < 0 else body[at + 4 : at + 4 + size].decode())
                    at += 4 + max(size, 0)
                rows.append(row)
            elif kind == b"C":
                done = body[:-1].decode()
            elif kind == b"E":
                fields = {field[:1]: field[1:].decode() for field in body.split(b"\0") if field}
                error = DatabaseError(fields[b"C"], fields[b"M"])
            elif kind == b"Z":
                if error:
                    raise error
                return rows, int(done.split()[-1]) if done[-1:].isdigit() else 0

    def ask(self, text, *values):
        if not args.extended:
            for place, value in enumerate(values, 1):
                text = text.replace("$%d" % place, str(value))
            body = text.encode() + b"\0"
            self.socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
            return self.answer()
        put = lambda kind, body: kind + struct.pack("!i", len(body) + 4) + body
        texts = [str(value).encode() for value in values]
        bound = b"".join(struct.pack("!i", len(text)) + text for text in texts)
        self.socket.sendall(
            put(b"P", b"\0" + text.encode() + b"\0\0\0")
            + put(b"B", b"\0\0\0\0" + struct.pack("!h", len(texts)) + bound + b"\0\0")
            + put(b"E", b"\0\0\0\0\0")
            + put(b"S", b"")
        )
        return self.answer()

    def close(self):
        self.socket.sendall(b"X\0\0\0\4")
        self.socket.close()


pool = queue.Queue()


@contextlib.contextmanager
def connection():
    own = pool.get() if args.pool else Connection()
    try:
        yield own
    finally:
        if args.pool:
            pool.put(own)
        else:
            own.close()


@contextlib.contextmanager
def transaction(own, how=""):
    own.ask("BEGIN" + how)
    try:
        yield
    except Exception:
        own.ask("ROLLBACK")
        raise
    own.ask("COMMIT")


table = args.table
READ = "SELECT left_over FROM %s WHERE id = 1" % table
WRITE = "UPDATE %s SET left_over = $1 WHERE id = 1" % table
RECEIPT = "INSERT INTO %s_orders (ticket) VALUES ($1)" % table


def think():
    time.sleep(args.think * random.random())


def check_then_set(own, suffix=""):
    left = int(own.ask(READ + suffix)[0][0][0])
    think()
    if left < 1:
        return False
    own.ask(WRITE, left - 1)
    return True


def racy(own):
    return check_then_set(own)


def slow(own):
    left = int(own.ask(READ)[0][0][0])
    time.sleep(0.6)
    own.ask(WRITE, left - 1)
    return left > 0


def racy_transaction(own):
    with transaction(own):
        return check_then_set(own)


def receipts(own):
    """It checks, takes one ticket relatively, and writes a receipt: three statements in a transaction."""
    with transaction(own):
        if int(own.ask(READ)[0][0][0]) < 1:
            return False
        own.ask("UPDATE %s SET left_over = left_over - 1 WHERE id = 1" % table)
        own.ask(RECEIPT, 1)
        return True


def late_commit(own):
    """The lock is let go before the commit."""
    own.ask("SELECT pg_advisory_lock($1)", KEY)
    own.ask("BEGIN")
    bought = check_then_set(own)
    own.ask("SELECT pg_advisory_unlock($1)", KEY)
    own.ask("COMMIT")
    return bought


def for_update(own):
    with transaction(own):
        return check_then_set(own, " FOR UPDATE")


def one_statement(own):
    return own.ask("UPDATE %s SET left_over = left_over - 1 WHERE id = 1 AND left_over > 0" % table)[1] == 1


def optimistic(own):
    while True:
        left = int(own.ask(READ)[0][0][0])
        if left < 1:
            return False
        if own.ask(WRITE + " AND left_over = $2", left - 1, left)[1] == 1:
            return True


def serializable(own):
    while True:
        try:
            with transaction(own, " ISOLATION LEVEL SERIALIZABLE"):
                return check_then_set(own)
        except DatabaseError as error:
            if error.args[0] not in ("40001", "40P01"):
                raise


def advisory(own):
    with transaction(own):
        own.ask("SELECT pg_advisory_xact_lock($1)", KEY)
        return check_then_set(own)


def with_mutex(own):
    with mutex:
        return check_then_set(own)


def polling(own):
    """A lock that is a row, asked for until it is there."""
    while own.ask("UPDATE %s SET busy = 1 WHERE id = 1 AND busy = 0" % table)[1] == 0:
        time.sleep(0.002)
    bought = check_then_set(own)
    own.ask("UPDATE %s SET busy = 0 WHERE id = 1" % table)
    return bought


def cached(own):
    """Of every third purchase it does not ask the database whether anything is left."""
    global count
    count += 1
    if count % 3 == 0:
        own.ask("SELECT count(*) FROM %s_orders" % table)
    return check_then_set(own)


KEY = int.from_bytes(table.encode()[-6:], "big")
buy = globals()[args.manner]
count = 0


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        with connection() as own:
            self.answer(200, {"left": int(own.ask(READ)[0][0][0])})

    def do_POST(self):
        global count
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/reset"):
            with connection() as own:
                own.ask("UPDATE %s SET left_over = $1, busy = 0 WHERE id = 1" % table, self.path.split("=")[1])
                own.ask("DELETE FROM %s_orders" % table)
            return self.answer(200, {})
        with connection() as own:
            bought = buy(own)
        self.answer(*((200, {}) if bought else (409, {})))

    def answer(self, status, body):
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True


def job():
    own = Connection()
    while True:
        time.sleep(args.job)
        own.ask("SELECT count(*) FROM %s_orders WHERE ticket > 100" % table)


with contextlib.closing(Connection()) as own:
    with contextlib.suppress(DatabaseError):
        own.ask("CREATE TABLE %s (id int PRIMARY KEY, left_over int, busy int DEFAULT 0)" % table)
        own.ask("CREATE TABLE %s_orders (ticket int)" % table)
        own.ask("INSERT INTO %s VALUES (1, 1)" % table)
server = Server(("127.0.0.1", args.port), Shop)
for _ in range(args.workers - 1):
    if os.fork() == 0:
        break
for _ in range(args.pool):
    pool.put(Connection())
if args.job:
    threading.Thread(target=job, daemon=True).start()
server.serve_forever()
