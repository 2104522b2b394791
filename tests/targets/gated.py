"""A ticket shop on PostgreSQL in several manners, some with a race: serves at a port, and finds its database in
DATABASE_URL.

gated.py PORT MANNER [--table NAME] [--extended] [--binary] [--pool N] [--think SECONDS] [--job SECONDS] [--workers N]
    [--config FILE]
"""
import argparse, base64, contextlib, hashlib, hmac, http.server, json, os, queue, random, socket, struct, threading, time
import urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("manner")
parser.add_argument("--table", default="gated")
parser.add_argument("--extended", action="store_true")
parser.add_argument("--binary", action="store_true", help="numbers as their bytes, in both directions")
parser.add_argument("--isolated", action="store_true", help="its sessions see one state throughout a transaction")
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
        self.enter()
        self.answer()
        if args.isolated:
            self.ask("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        self.socket.settimeout(args.give_up)

    def message(self):
        kind, length = struct.unpack("!ci", self.file.read(5))
        return kind, self.file.read(length - 4)

    def enter(self):
        """Is let in: without a word, or by SCRAM-SHA-256 (RFC 7677)."""
        _, body = self.message()
        if body[:4] == b"\0\0\0\0":
            return
        put = lambda body: self.socket.sendall(b"p" + struct.pack("!i", len(body) + 4) + body)
        first = "n=,r=" + base64.b64encode(os.urandom(12)).decode()
        text = ("n,," + first).encode()
        put(b"SCRAM-SHA-256\0" + struct.pack("!i", len(text)) + text)
        challenge = self.message()[1][4:].decode()
        said = dict(part.split("=", 1) for part in challenge.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", url.password.encode(), base64.b64decode(said["s"]), int(said["i"]))
        sign = lambda key, text: hmac.new(key, text, "sha256").digest()
        key = sign(salted, b"Client Key")
        last = "c=biws,r=" + said["r"]
        signature = sign(hashlib.sha256(key).digest(), ",".join([first, challenge, last]).encode())
        proof = bytes(one ^ other for one, other in zip(key, signature))
        put((last + ",p=" + base64.b64encode(proof).decode()).encode())
        kind, body = self.message()
        assert (kind, body[:4]) == (b"R", b"\0\0\0\14"), body
        assert self.message()[1] == b"\0\0\0\0"

    def answer(self):
        rows, done, error = [], "", None
        while True:
            kind, body = self.message()
            if kind == b"D":
                row, at = [], 2
                for _ in range(struct.unpack("!h", body[:2])[0]):
                    size = struct.unpack("!i", body[at : at + 4])[0]
                    value = body[at + 4 : at + 4 + size]
                    number = args.binary and size in (4, 8)
                    row.append(None if size < 0 else int.from_bytes(value, "big", signed=True) if number else value.decode())
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
        self.socket.sendall(self.extended(text, *values))
        return self.answer()

    def extended(self, text, *values):
        put = lambda kind, body: kind + struct.pack("!i", len(body) + 4) + body
        way = b"\0\1\0\1" if args.binary else b"\0\0"
        texts = [struct.pack("!i", value) if args.binary else str(value).encode() for value in values]
        bound = b"".join(struct.pack("!i", len(text)) + text for text in texts)
        return (
            put(b"P", b"\0" + text.encode() + b"\0\0\0")
            + put(b"B", b"\0\0" + way + struct.pack("!h", len(texts)) + bound + (b"\0\1\0\1" if args.binary else b"\0\0"))
            + put(b"E", b"\0\0\0\0\0")
            + put(b"S", b"")
        )

    def pipeline(self, *texts):
        """Sends all of them at once, and takes their answers then."""
        self.socket.sendall(b"".join(self.extended(text) for text in texts))
        return [self.answer() for _ in texts]

    def copy(self, text, data):
        """Gives data to a COPY FROM STDIN."""
        body = text.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        assert self.message()[0] == b"G"
        self.socket.sendall(b"d" + struct.pack("!i", len(data) + 4) + data + b"c\0\0\0\4")
        return self.answer()

    def close(self):
        with contextlib.suppress(OSError):
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


def pipelined(own):
    """It checks, and sends all the rest at once."""
    if int(own.ask(READ)[0][0][0]) < 1:
        return False
    own.pipeline("BEGIN", "UPDATE %s SET left_over = left_over - 1 WHERE id = 1" % table, RECEIPT.replace("$1", "1"), "COMMIT")
    return True


def copied(own):
    """Its receipt is copied in."""
    if not check_then_set(own):
        return False
    own.copy("COPY %s_orders FROM STDIN" % table, b"1\n")
    return True


def two_connections(own):
    """It reads on one connection, and writes on another."""
    left = int(own.ask(READ)[0][0][0])
    if left > 0:
        with connection() as other:
            other.ask(WRITE, left - 1)
    return left > 0


def each(own):
    """A connection for each statement."""
    with connection() as one:
        left = int(one.ask(READ)[0][0][0])
    if left > 0:
        with connection() as other:
            other.ask(WRITE, left - 1)
    return left > 0


def shared(own):
    """A lock that others may have as well, before a write: two of them wait for each other."""
    try:
        with transaction(own):
            return check_then_set(own, " FOR SHARE")
    except DatabaseError as error:
        if error.args[0] != "40P01":
            raise
        return None


def next_seat(own):
    """It takes a seat that is free: which is looked up before the wait, and not again after it."""
    free = "(SELECT id FROM %s_seats WHERE free = 1 ORDER BY id LIMIT 1)" % table
    with transaction(own):
        return own.ask("UPDATE %s_seats SET free = 0 WHERE id = %s" % (table, free))[1] == 1


def large(own):
    """It reads more than anybody holds, and asks with more than a packet."""
    own.ask("SELECT repeat('x', 1000), count(*) FROM %s_orders, generate_series(1, 9000) AS n GROUP BY n" % table)
    own.ask("UPDATE %s_orders SET ticket = 1 WHERE ticket = 99 AND '%s' <> ''" % (table, "x" * 300000))
    return check_then_set(own)


def hidden(own):
    """It decides by what it has in its memory: the statements say nothing of it."""
    global memory
    own.ask("SELECT count(*) FROM %s_orders" % table)
    left = memory
    own.ask("SELECT count(*) FROM %s" % table)
    if left > 0:
        memory = left - 1
    return left > 0


def dies(own):
    own.ask(READ)
    os._exit(3)


def breaks(own):
    """Where nothing is left it drops its connection in the middle of its transaction."""
    own.ask("BEGIN")
    left = int(own.ask(READ + " FOR UPDATE")[0][0][0])
    if left < 1:
        own.socket.shutdown(socket.SHUT_RDWR)
        return False
    own.ask(WRITE, left - 1)
    own.ask("COMMIT")
    return True


def with_redis(own, early=False):
    """A lock at another store, let go before the commit or after it."""
    with contextlib.closing(socket.create_connection(tuple(os.environ["REDIS"].split(":")))) as lock:
        ask = lambda *words: (lock.sendall(" ".join(words).encode() + b"\r\n"), lock.recv(64))[1]
        while not ask("SET", table, "1", "NX", "PX", "60000").startswith(b"+OK"):
            time.sleep(0.002)
        with transaction(own):
            bought = check_then_set(own)
            if early:
                ask("DEL", table)
        if not early:
            ask("DEL", table)
    return bought


def with_redis_early(own):
    return with_redis(own, early=True)


def late_commit(own):
    """The lock is let go before the commit."""
    own.ask("SELECT pg_advisory_lock($1)", KEY)
    own.ask("BEGIN")
    bought = check_then_set(own)
    own.ask("SELECT pg_advisory_unlock($1)", KEY)
    own.ask("COMMIT")
    return bought


def for_update(own):
    try:
        with transaction(own):
            return check_then_set(own, " FOR UPDATE")
    except DatabaseError as error:
        if error.args[0] != "40001":
            raise
        return None


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
memory = 1


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if args.manner == "hidden":
            return self.answer(200, {"left": memory})
        with connection() as own:
            count = "SELECT count(*) FROM %s_seats WHERE free = 1" % table
            left = own.ask(count if args.manner == "next_seat" else READ)[0][0][0]
        self.answer(200, {"left": int(left)})

    def do_POST(self):
        global memory
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/reset"):
            with connection() as own:
                own.ask("UPDATE %s SET left_over = $1, busy = 0 WHERE id = 1" % table, int(self.path.split("=")[1]))
                own.ask("DELETE FROM %s_orders" % table)
                if args.manner == "next_seat":
                    own.ask("UPDATE %s_seats SET free = 1" % table)
            memory = 1
            return self.answer(200, {})
        with connection() as own:
            bought = buy(own)
        self.answer(*((423, {}) if bought is None else (200, {}) if bought else (409, {})))

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
        own.ask("CREATE TABLE %s_seats (id int PRIMARY KEY, free int)" % table)
        own.ask("INSERT INTO %s_seats VALUES (1, 1)" % table)
server = Server(("127.0.0.1", args.port), Shop)
for _ in range(args.workers - 1):
    if os.fork() == 0:
        break
for _ in range(args.pool):
    pool.put(Connection())
if args.job:
    threading.Thread(target=job, daemon=True).start()
server.serve_forever()
