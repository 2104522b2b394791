"""A ticket shop that speaks to PostgreSQL by psycopg (threads, a pool) or by asyncpg (tasks, a pool): serves at a port,
and finds its database in DATABASE_URL.

gated_drivers.py PORT psycopg|asyncpg racy|safe TABLE
"""
import asyncio, http.server, json, os, sys

PORT, DRIVER, MANNER, TABLE = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4]
URL = os.environ["DATABASE_URL"]
LOCK = " FOR UPDATE" if MANNER == "safe" else ""
CREATE = "CREATE TABLE IF NOT EXISTS %s (id int PRIMARY KEY, left_over int)" % TABLE
FILL = "INSERT INTO %s VALUES (1, 1) ON CONFLICT DO NOTHING" % TABLE
RESET = "UPDATE %s SET left_over = 1" % TABLE
READ = "SELECT left_over FROM %s WHERE id = " % TABLE
WRITE = "UPDATE %s SET left_over = " % TABLE


def with_psycopg():
    import psycopg_pool

    pool = psycopg_pool.ConnectionPool(URL, min_size=3, open=True)
    with pool.connection() as own:
        own.execute(CREATE)
        own.execute(FILL)

    def buy(own):
        left = own.execute(READ + "%s" + LOCK, (1,)).fetchone()[0]
        if left < 1:
            return 409, {}
        own.execute(WRITE + "%s WHERE id = %s", (left - 1, 1))
        return 200, {}

    class Shop(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with pool.connection() as own:
                self.answer(200, {"left": own.execute(READ + "1").fetchone()[0]})

        def do_POST(self):
            with pool.connection() as own:
                if self.path.startswith("/reset"):
                    own.execute(RESET)
                    status, body = 200, {}
                else:
                    status, body = buy(own)
            self.answer(status, body)

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

    Server(("127.0.0.1", PORT), Shop).serve_forever()


async def with_asyncpg():
    import asyncpg

    pool = await asyncpg.create_pool(URL, min_size=3)
    await pool.execute(CREATE)
    await pool.execute(FILL)

    async def answer(method, path):
        async with pool.acquire() as own:
            if method == "GET":
                return 200, {"left": await own.fetchval(READ + "$1", 1)}
            if path.startswith("/reset"):
                await own.execute(RESET)
                return 200, {}
            async with own.transaction():
                left = await own.fetchval(READ + "$1" + LOCK, 1)
                if left < 1:
                    return 409, {}
                await own.execute(WRITE + "$1 WHERE id = $2", left - 1, 1)
                return 200, {}

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        method, path = head.decode().split(" ")[:2]
        status, body = await answer(method, path)
        text = json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (status, len(text), text))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", PORT)
    await server.serve_forever()


if DRIVER == "psycopg":
    with_psycopg()
else:
    asyncio.run(with_asyncpg())
