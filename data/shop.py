import http.server, sys, time
left = 5
class Shop(http.server.BaseHTTPRequestHandler):
    def do_GET(self, status=200):  # tells how many are left
        self.send_response(status), self.end_headers(), self.wfile.write(b"%d left\n" % left)
    def do_PUT(self):  # PUT /5 puts five on sale
        global left; left = int(self.path[1:]); self.do_GET()
    def do_POST(self):  # buys one
        global left; seen = left
        if seen > 0: time.sleep(0.1); left = seen - 1  # charging the card takes a moment
        self.do_GET(200 if seen > 0 else 409)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
