"""A ticket shop in several manners, each with a race or with a lock: prints its port, then serves.

shop.py [--lock] [--manner MANNER] [--store memory|file|sqlite] [--port N] [--tickets N]
"""
import argparse, contextlib, http.cookies, http.server, json, os, secrets, sqlite3, ssl, sys, threading, time, urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("--lock", action="store_true")
parser.add_argument("--manner", default="plain")
parser.add_argument("--store", default="memory")
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--tickets", type=int, default=5)
parser.add_argument("--think", type=float, default=0.02)
args = parser.parse_args()

mutex = threading.Lock()
seen = {"buys": 0, "open": 0, "requests": 0}
tokens, sessions = {}, {}


class Memory:
    left = args.tickets

    def read(self):
        return self.left

    def write(self, left):
        self.left = left


class File:
    def read(self):
        with open("left.txt") as file:
            return int(file.read() or 0)

    def write(self, left):
        with open("left.txt.%d" % threading.get_ident(), "w") as file:
            file.write(str(left))
        os.replace(file.name, "left.txt")


class Sqlite:
    def connect(self):
        return contextlib.closing(sqlite3.connect("shop.db", timeout=30, isolation_level=None))

    def read(self):
        with self.connect() as database:
            return database.execute("SELECT left FROM shop").fetchone()[0]

    def write(self, left):
        with self.connect() as database:
            database.execute("CREATE TABLE IF NOT EXISTS shop (left INTEGER)")
            if database.execute("UPDATE shop SET left = ?", (left,)).rowcount == 0:
                database.execute("INSERT INTO shop VALUES (?)", (left,))


store = {"memory": Memory, "file": File, "sqlite": Sqlite}[args.store]()
store.write(args.tickets)


def sell(think=None):
    """Sells a ticket: its number, or None."""
    with mutex if args.lock else contextlib.nullcontext():
        left = store.read()
        if left < 1:
            return None
        time.sleep(args.think if think is None else think)
        store.write(left - 1)
        return left


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        if self.path == "/stock":
            return self.answer(200, {"left": store.read(), "capacity": args.tickets, "seen": seen["requests"]})
        if self.path == "/page":
            return self.html("<b>%d</b> left" % store.read())
        if self.path == "/form":
            session, token = secrets.token_hex(8), secrets.token_hex(8)
            sessions[session] = token
            page = '<form><input name="csrf" value="%s"></form>' % token
            return self.html(page, cookie="session=%s; HttpOnly" % session)
        self.answer(404, {})

    def do_POST(self):
        seen["requests"] += 1
        path = self.path.split("?")[0]
        if args.manner == "hasty" and path == "/buy":
            # It sells before it has read what is asked of it.
            self.close_connection = True
            return self.buy_plain("")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        if path == "/reset":
            store.write(int((self.path.split("?n=") + [args.tickets])[1]))
            seen["buys"] = 0
            return self.answer(200, {})
        if path == "/login":
            token = secrets.token_hex(8)
            tokens[token] = json.loads(body)["user"]
            return self.answer(200, {"token": token})
        getattr(self, "buy_" + args.manner)(body)

    def buy_plain(self, body):
        ticket = sell()
        self.answer(*((409, {"error": "sold out"}) if ticket is None else (200, {"ticket": ticket})))

    def buy_json(self, body):
        """Everything is 200."""
        ticket = sell()
        self.answer(200, {"ok": ticket is not None, "reason": None if ticket else "sold out"})

    def buy_html(self, body):
        """Everything is 200, and in words; a session and its token are wanted."""
        cookies = http.cookies.SimpleCookie(self.headers.get("Cookie", ""))
        session = cookies["session"].value if "session" in cookies else ""
        fields = dict(urllib.parse.parse_qsl(body))
        if sessions.get(session) != fields.get("csrf"):
            return self.html("<h1>Who are you?</h1>")
        ticket = sell()
        self.html("<h1>Sorry, sold out</h1>" if ticket is None else "<h1>Ticket %d is yours</h1>" % ticket)

    def buy_token(self, body):
        user = tokens.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if user is None or user != json.loads(body)["user"]:
            return self.answer(401, {"error": "who are you?"})
        self.buy_plain(body)

    def buy_stall(self, body):
        """From the 20th purchase on nobody is answered."""
        with mutex:
            seen["buys"] += 1
            stalls = seen["buys"] >= 20
        if stalls:
            time.sleep(3600)
        self.answer(*((409, {}) if sell(0) is None else (200, {})))

    def buy_limit(self, body):
        """Every second one is told to be slower."""
        with mutex:
            seen["buys"] += 1
            limited = seen["buys"] % 2 == 0
        if limited:
            return self.answer(429, {"error": "slow down"})
        self.buy_plain(body)

    def buy_later(self, body):
        """The stock is written after the answer."""
        with mutex:
            free = args.tickets - seen["buys"]
            seen["buys"] += free > 0
        time.sleep(args.think)
        self.answer(*((409, {}) if free < 1 else (200, {})))
        if free > 0:
            time.sleep(0.1)
            with mutex:
                store.write(store.read() - 1)

    def buy_dies(self, body):
        with mutex:
            seen["buys"] += 1
            if seen["buys"] > 3:
                os._exit(3)
        self.answer(200, {})
        time.sleep(0.05)

    def buy_busy(self, body):
        """Who finds the counter busy is sent away."""
        if not mutex.acquire(blocking=False):
            return self.answer(503, {"error": "busy"})
        try:
            left = store.read()
            time.sleep(args.think)
            if left > 0:
                store.write(left - 1)
        finally:
            mutex.release()
        self.answer(*((409, {}) if left < 1 else (200, {})))

    def html(self, text, cookie=None):
        self.answer(200, text.encode(), "text/html", cookie)

    def answer(self, status, body, kind="application/json", cookie=None):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        if cookie:
            self.send_header("Set-Cookie", cookie)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 512
    daemon_threads = True


server = Server(("127.0.0.1", args.port), Shop)
if args.manner == "tls":
    here = os.path.dirname(os.path.abspath(__file__))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(here, "tls", "server.pem"), os.path.join(here, "tls", "server.key"))
    # Each connection shakes hands in a thread of its own, when it is first read.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    Shop.buy_tls = Shop.buy_plain
print(server.server_address[1], flush=True)
server.serve_forever()
