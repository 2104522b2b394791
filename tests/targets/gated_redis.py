"""A ticket shop on Redis in several manners, some with a race: serves at a port, and finds its store in REDIS_URL.

gated_redis.py PORT MANNER [--key NAME] [--pool N] [--shared] [--resp2]
"""
import argparse, contextlib, http.server, json, os, queue, socket, threading, time, urllib.parse

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("manner")
parser.add_argument("--key", default="gated")
parser.add_argument("--pool", type=int, default=0)
parser.add_argument("--shared", action="store_true")
parser.add_argument("--resp2", action="store_true")
args = parser.parse_args()
url = urllib.parse.urlsplit(os.environ["REDIS_URL"])
KEY, LOCK = args.key, args.key + ":lock"


class RedisError(Exception):
    pass


class Connection:
    def __init__(self):
        self.socket = socket.create_connection((url.hostname, url.port or 6379))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        if not args.resp2:
            self.ask("HELLO", "3")

    def send(self, *words):
        words = [str(word).encode() for word in words]
        parts = [b"*%d\r\n" % len(words)] + [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
        self.socket.sendall(b"".join(parts))

    def receive(self):
        line = self.file.readline()[:-2]
        kind, rest = line[:1], line[1:].decode()
        if kind == b"-":
            raise RedisError(rest)
        if kind == b":":
            return int(rest)
        if kind == b"$":
            size = int(rest)
            return None if size < 0 else self.file.read(size + 2)[:-2].decode()
        if kind in b"*~>":
            return None if rest == "-1" else [self.receive() for _ in range(int(rest))]
        if kind == b"%":
            return {self.receive(): self.receive() for _ in range(int(rest))}
        return None if kind == b"_" else rest

    def ask(self, *words):
        self.send(*words)
        return self.receive()


class Shared(Connection):
    """One connection for all: a command is sent before the answer to the one before has come."""

    def __init__(self):
        super().__init__()
        self.mutex, self.waiting = threading.Lock(), queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def ask(self, *words):
        if not hasattr(self, "waiting"):
            return super().ask(*words)
        answer = queue.Queue()
        with self.mutex:
            self.waiting.put(answer)
            self.send(*words)
        return answer.get()

    def listen(self):
        while True:
            answer = self.waiting.get()
            answer.put(self.receive())


pool = queue.Queue()
for _ in range(args.pool):
    pool.put(Connection())
shared = Shared() if args.shared else None


@contextlib.contextmanager
def connection():
    own = shared or (pool.get() if args.pool else Connection())
    try:
        yield own
    finally:
        if args.pool:
            pool.put(own)
        elif not shared:
            own.socket.close()


def check_then_set(own):
    left = int(own.ask("GET", KEY))
    if left < 1:
        return False
    own.ask("SET", KEY, left - 1)
    return True


racy = check_then_set


def check_then_decrement(own):
    if int(own.ask("GET", KEY)) < 1:
        return False
    own.ask("DECR", KEY)
    return True


def watch(own):
    while True:
        own.ask("WATCH", KEY)
        left = int(own.ask("GET", KEY))
        if left < 1:
            own.ask("UNWATCH")
            return False
        own.ask("MULTI")
        own.ask("SET", KEY, left - 1)
        if own.ask("EXEC") is not None:
            return True


def lua(own):
    script = "local n = tonumber(redis.call('GET', KEYS[1])) if n < 1 then return 0 end redis.call('DECR', KEYS[1]) return 1"
    return own.ask("EVAL", script, 1, KEY) == 1


def decrement(own):
    if own.ask("DECR", KEY) >= 0:
        return True
    own.ask("INCR", KEY)
    return False


def polling(own):
    """A lock that is a key, asked for until it is there."""
    while own.ask("SET", LOCK, os.urandom(4).hex(), "NX", "PX", 60000) is None:
        time.sleep(0.002)
    bought = check_then_set(own)
    own.ask("DEL", LOCK)
    return bought


def blocking(own):
    """A lock that is a list with one element, waited for in the server."""
    own.ask("BLPOP", LOCK, 0)
    bought = check_then_set(own)
    own.ask("LPUSH", LOCK, 1)
    return bought


buy = globals()[args.manner]


class Shop(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self):
        with connection() as own:
            self.answer(200, {"left": int(own.ask("GET", KEY))})

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        with connection() as own:
            if self.path.startswith("/reset"):
                own.ask("DEL", LOCK)
                own.ask("SET", KEY, self.path.split("=")[1])
                if args.manner == "blocking":
                    own.ask("LPUSH", LOCK, 1)
                return self.answer(200, {})
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


Server(("127.0.0.1", args.port), Shop).serve_forever()
